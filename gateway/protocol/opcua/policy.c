#include "protocol/opcua/policy.h"

#define WITH_AEAD(name, signature)                                                                 \
    {name, signature, true}, {name "_AesGcm", 16, true},                                           \
    {                                                                                              \
        name "_ChaChaPoly", 16, true                                                               \
    }

static const struct tw_opcua_policy policies[] = {
    {"None", 0, false},
    {"Basic128Rsa15", 20, false},
    {"Basic256", 20, false},
    {"Basic256Sha256", 32, false},
    {"Aes128_Sha256_RsaOaep", 32, false},
    {"Aes256_Sha256_RsaPss", 32, false},
    WITH_AEAD("ECC_nistP256", 32),
    WITH_AEAD("ECC_nistP384", 48),
    WITH_AEAD("ECC_brainpoolP256r1", 32),
    WITH_AEAD("ECC_brainpoolP384r1", 48),
    WITH_AEAD("ECC_curve25519", 16),
    WITH_AEAD("ECC_curve448", 16),
    {"RSA_DH_AesGcm", 16, true},
    {"RSA_DH_ChaChaPoly", 16, true},
};

struct tw_str tw_opcua_policy_name(struct tw_str uri)
{
    for (size_t i = uri.len; i > 0; i--)
        if (uri.p[i - 1] == '#')
            return (struct tw_str){uri.p + i, uri.len - i};
    return uri;
}

const struct tw_opcua_policy *tw_opcua_policy_of(struct tw_str uri)
{
    const struct tw_str base = TW_STR("http://opcfoundation.org/UA/SecurityPolicy#");
    if (!tw_str_starts(uri, base))
        return NULL;
    struct tw_str name = tw_opcua_policy_name(uri);
    for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
        if (tw_str_is(name, policies[i].name))
            return &policies[i];
    return NULL;
}

struct tw_str tw_opcua_mode_name(uint32_t mode)
{
    static const char *const names[] = {NULL, "None", "Sign", "SignAndEncrypt"};
    return tw_str_of(mode < sizeof(names) / sizeof(names[0]) ? names[mode] : NULL);
}
