"""Words of a text and back: a small tokeniser whose ``split(join(tokens))`` gives the same tokens.

A token is a word (letters, digits and their marks, with apostrophes and hyphens inside: ``don't``, ``well-known``), a number
(``1,000.5``), one line break, or one other character with its marks. ``join`` puts spaces where English, German or French print them.
"""

from __future__ import annotations

import functools
import re
import unicodedata

_CLOSING = frozenset(".,;:!?)]}%…»”’、。，；：！？）】」』")
_OPENING = frozenset("([{«“‘„$£€#@¿¡（【「『")
_QUOTES = frozenset("\"'")


def _token(marks: str) -> str:
    letter, other = rf"[\w{marks}]", rf"[^\w\s{marks}]"
    mark = rf"[{marks}]*(?:(?<=\u200d){other}[{marks}]*)*" if marks else ""
    return rf"{letter}++(?:(?:['’\-]|(?<=\d)[.,](?=\d)){letter}++)*+|\n|{other}{mark}"


_PLAIN = re.compile(_token(""))
_MAY_HOLD_MARKS = re.compile("[\u0300-\u1fff\u200c\u200d\u20d0-\u20ff\u2cef-\u2cf1\u2de0-\U0010ffff]")


@functools.cache
def _marks() -> str:
    # re's \w leaves out combining marks (vowel signs of Hindi, points of Hebrew) and joiners: a word must not break there
    return re.escape("".join(chr(code) for code in range(0x300, 0xE0200) if _is_mark(code)))


@functools.cache
def _marked() -> re.Pattern[str]:
    return re.compile(_token(_marks()))


@functools.cache
def _mark() -> re.Pattern[str]:
    return re.compile(f"[{_marks()}]")


def _is_mark(code: int) -> bool:
    if 0x20000 <= code < 0xE0000:  # ideographs and planes without marks
        return False
    return code in (0x200C, 0x200D) or 0x1F3FB <= code <= 0x1F3FF or unicodedata.category(chr(code))[0] == "M"


def split(text: str) -> list[str]:
    """Return the tokens of a text.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Words, numbers, marks and line breaks; other white space only separates.

    Examples
    --------
    >>> split("Don't pay $1,000 (or more)!")
    ["Don't", 'pay', '$', '1,000', '(', 'or', 'more', ')', '!']
    """
    return (_marked() if _MAY_HOLD_MARKS.search(text) else _PLAIN).findall(text)


def join(tokens: list[str]) -> str:
    r"""Return the text of tokens, with spaces where they are printed.

    Parameters
    ----------
    tokens : list of str
        As ``split`` gives them.

    Returns
    -------
    str
        ``split`` of it gives the same tokens.

    Examples
    --------
    >>> join(["He", "said", ":", '"', "Don't", "!", '"', "(", "twice", ")"])
    'He said: "Don\'t!" (twice)'
    """
    parts: list[str] = []
    before, glued = "\n", True
    opened: set[str] = set()
    for token in tokens:
        closes = token in opened
        near = token in _CLOSING or token == "\n" or closes  # noqa: S105  # a line break, no password
        # a mark after a glued character would belong to it, and split would cut elsewhere
        touching = (near or glued) and not _is_marked(before[-1]) and not _is_marked(token[0])
        parts.append(token if before == "\n" or touching else " " + token)
        if token == "\n":  # noqa: S105
            opened.clear()
        elif token in _QUOTES:
            opened ^= {token}
        glued = token in _OPENING or (token in _QUOTES and not closes)
        before = token
    return "".join(parts)


def _is_marked(character: str) -> bool:
    return _MAY_HOLD_MARKS.match(character) is not None and _mark().match(character) is not None
