"""What makes a wheel compute: an import alone often runs nothing of what a compiler has made for newer CPUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXERCISES", "Exercise"]


class Exercise(NamedTuple):
    """What is run of a wheel beside its imports.

    :ivar code: Python
    :ivar requires: what it requires beyond, or instead of, the wheel's own requirements
    :ivar program: a program of the wheel, below the folder that it is installed in, and its arguments
    """

    code: str
    requires: tuple[str, ...] = ()
    program: tuple[str, ...] = ()


#: Project → what makes it compute.
EXERCISES: Mapping[str, Exercise] = {
    "numpy": Exercise("import numpy; print(numpy.linalg.svd(numpy.random.rand(9, 9))[1])"),
    "lxml": Exercise("from lxml import etree; print(etree.fromstring('<a><b x=\"1\"/></a>').xpath('//b/@x'))"),
    "pyarrow": Exercise(
        "import pyarrow, pyarrow.compute as c; print(c.sum(pyarrow.array([1.5, 2.5] * 99)))"
    ),
}
