from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data import csv_file
from engine.data.csv_file import read_csv
from engine.data.dataset import Dataset
from engine.data.npz_file import MAX_CLASSES
from engine.errors import BadInput


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows_of(dataset: Dataset) -> list[list[float]]:
    """Every row of both splits with its label's number last, in some fixed order."""
    x = torch.cat([dataset.x_train, dataset.x_test])
    y = torch.cat([dataset.y_train, dataset.y_test])
    return sorted([*row, label] for row, label in zip(x.tolist(), y.tolist(), strict=True))


def test_reads_values_as_they_are(tmp_path: Path) -> None:
    text = "a,label,b\n1,10,0.5\n-2e1,9, 3 \n3.25,10,-0\n\n4,-1,1e-3\n5,9,5\n"
    read = read_csv(put(tmp_path / "x.csv", text), "label", 0)
    assert read.info.classes == ("-1", "9", "10")
    assert (read.info.train_examples, read.info.test_examples, read.info.features) == (4, 1, 2)
    expected = [
        [-20, 3, 1],
        [1, 0.5, 2],
        [3.25, 0, 2],
        [4, torch.tensor(1e-3).item(), 0],
        [5, 5, 1],
    ]
    assert rows_of(read) == expected


def test_names_are_sorted_and_cleaned(tmp_path: Path) -> None:
    text = "x,kind\n1,pear\n2,\x1b]52;c;x\x07apple\n3,pear\n4,été\n5,10\n"
    read = read_csv(put(tmp_path / "x.csv", text), "kind", 0)
    assert read.info.classes == ("]52;c;xapple", "10", "pear", "été")
    assert rows_of(read) == [[1, 2], [2, 0], [3, 2], [4, 3], [5, 1]]


@pytest.mark.fault(26)
def test_bom_crlf_and_quotes_are_usual(tmp_path: Path) -> None:
    text = '\ufeff"label","the\r\nwidth"\r\n"a","1"\r\n"a, or b",2\r\n'
    read = read_csv(put(tmp_path / "x.csv", text), "label", 0)
    assert read.info.classes == ("a", "a, or b")
    assert rows_of(read) == [[1, 0], [2, 1]]


def test_the_split_is_a_fifth_and_the_seeds(tmp_path: Path) -> None:
    path = put(tmp_path / "x.csv", "label,x\n" + "".join(f"a,{i}\n" for i in range(100)))
    one, same, other = (read_csv(path, "label", seed) for seed in (1, 1, 2))
    assert len(one.x_test) == 20
    assert sorted(torch.cat([one.x_train, one.x_test]).flatten().tolist()) == list(range(100))
    assert one.info == same.info
    assert one.info.digest != other.info.digest


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = put(tmp_path / "x.csv", "label,x\na,1\n")
    assert read_csv(path, "label", 0).x_train.tolist() == [[1.0]]
    put(path, "label,x\na,2.5\n")
    assert read_csv(path, "label", 0).x_train.tolist() == [[2.5]]


@pytest.mark.fault(24)
def test_one_row_is_trained_and_tested_on(tmp_path: Path) -> None:
    read = read_csv(put(tmp_path / "x.csv", "x,label\n7,only"), "label", 0)
    assert (read.x_train.tolist(), read.x_test.tolist()) == ([[7.0]], [[7.0]])


@pytest.mark.fault(24, 25, 26)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty: a header and rows are expected"),
        ("\n\n", "is empty"),
        ("x,label\n", "has no rows below its header"),
        ("1,2\n3,4\n", "no column 'label' in its header .line 1 names '1', '2'.*--label-column"),
        ("x;label\n1;2\n", "no column 'label'.*'x;label'.*commas separate"),
        ("label,x,label\n1,2,3\n", "more than one column 'label'"),
        ("label\n1\n", "no column besides 'label'"),
        ("x,label\n1,a\n2\n", "1 cells in line 3; its header has 2"),
        ("x,label\n1,a\n\n2,b,3\n", "3 cells in line 4"),
        ("x,label\n1, \n", "no label in line 2"),
        ("x,label,y\n1,a,2\n1,a,two\n", "'two' in line 3, column 'y'"),
        ("x,label,y\n,a,2\n", "'' in line 2, column 'x'"),
        ("x,label\n1e999,a\n", "'1e999' in line 2, column 'x'"),
        ("x,label\n1e39,a\n", "'1e39' in line 2.*finite number within float32"),
        ("x,label\nnan,a\n", "'nan' in line 2"),
        ("x,label\n-inf,a\n", "'-inf' in line 2"),
        ("x,label\n1_000,a\n", "'1_000' in line 2"),
        ("x,label\n0x10,a\n", "'0x10' in line 2"),
        ("x,label\n\x1b[2J,a\n", r"'\[2J' in line 2"),
        ("x,label\n1,a\n2,b\0\n", "NUL in line 3"),
        (b"x,label\n1,a\n2,\xff\n", "not UTF-8 text: see line 3"),
        ("x,label\n1,a\n".encode("utf-16"), "not UTF-8 text: see line 1|NUL in line 1"),
        ('x,label\n1,"a"b\n', "not well-formed CSV from line 2"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(BadInput, match=rf"x\.csv .*({said})") as refused:
        read_csv(put(tmp_path / "x.csv", content), "label", 0)
    assert str(refused.value).isprintable()


def test_the_number_of_classes_is_held_to_a_cap(tmp_path: Path) -> None:
    text = "x,label\n" + "".join(f"1,{i}\n" for i in range(MAX_CLASSES + 1))
    with pytest.raises(BadInput, match="more than 1000 different labels by line 1002"):
        read_csv(put(tmp_path / "x.csv", text), "label", 0)


@pytest.mark.fault(28)
def test_lines_and_cells_are_held_to_a_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"not well-formed CSV from line 2.*field limit"):
        read_csv(put(tmp_path / "x.csv", 'x,label\n1,"' + "a" * 200_000), "label", 0)
    monkeypatch.setattr(csv_file, "LINE_LIMIT", 100)
    with pytest.raises(BadInput, match="more than 100 characters in line 2"):
        read_csv(put(tmp_path / "x.csv", "x,label\n" + "1," * 60), "label", 0)


def test_the_table_is_held_to_a_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "ROOM", 100)
    with pytest.raises(BadInput, match="more than 100 bytes by line 14"):
        read_csv(put(tmp_path / "x.csv", "x,label\n" + "1,a\n" * 50), "label", 0)


def test_what_is_not_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match=r"gone\.csv does not exist"):
        read_csv(tmp_path / "gone.csv", "label", 0)
    with pytest.raises(BadInput, match="is a directory"):
        read_csv(tmp_path, "label", 0)
    monkeypatch.chdir(tmp_path)  # as a record says it that was made in another directory
    where = re.escape(f"gone.csv does not exist in the current directory, {tmp_path}: give")
    with pytest.raises(BadInput, match=where):
        read_csv(Path("gone.csv"), "label", 0)


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(finite, finite, st.integers(-5, 300)), min_size=1, max_size=20))
def test_every_number_and_label_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[float, float, int]]
) -> None:
    text = "a,b,label\n" + "".join(f"{a!r},{b!r},{label}\n" for a, b, label in rows)
    read = read_csv(put(tmp_path_factory.getbasetemp() / "rows.csv", text), "label", 0)
    classes = [int(name) for name in read.info.classes]
    assert classes == sorted({label for _, _, label in rows})
    expected = sorted([a, b, float(classes.index(label))] for a, b, label in rows)
    assert rows_of(read) == (expected * 2 if len(rows) == 1 else expected)


cells = st.one_of(
    st.text(max_size=6),
    finite.map(repr),
    st.sampled_from(["", "nan", "1e999", '"', "\x1b[31m", "\ufeff", "a\nb", "1,2", "\r", "\0"]),
)


@settings(max_examples=300)
@given(st.lists(st.lists(cells, min_size=1, max_size=4), max_size=5), st.booleans())
def test_any_text_is_read_or_refused_in_one_printable_sentence(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], headed: bool
) -> None:
    lines = ["label,x"] * headed + [",".join(row) for row in rows]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    path = put(tmp_path_factory.getbasetemp() / "any.csv", content)
    try:
        assert torch.isfinite(read_csv(path, "label", 0).x_train).all()
    except BadInput as refused:
        assert "any.csv" in str(refused)
        assert str(refused).isprintable()
