"""Books on a shelf."""


def titles(books):
    result = []
    for book in books:
        result.append(book["title"])
    return result


def is_empty(books):
    if len(books) == 0:
        return True
    else:
        return False
