import pytest

import shelf


@pytest.mark.parametrize("books, expected", [([], True), ([{"title": "a"}], False)])
def test_empty(books, expected):
    assert shelf.is_empty(books) is expected


def test_titles():
    assert shelf.titles([{"title": "a"}, {"title": "b"}]) == ["a", "b"]
