def compare(folder, decode):
    return []
