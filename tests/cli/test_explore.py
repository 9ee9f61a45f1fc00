import json

from command_line import xrayscan
from small import check_answer, write_film

from xrayscan.cli.explore import explore as command


def test_the_command_prints_tables_for_people_and_json_for_programs(tmp_path):
    for n in range(24):
        write_film(tmp_path / "films" / ("NORMAL", "PNEUMONIA")[n % 2] / f"patient{n}-1.png", n)
    result = xrayscan("explore", tmp_path / "films", "--out", tmp_path / "e.html", "--json", "--workers", "0")
    assert result.exit_code == 0, result.output
    check_answer(command.result, result.stdout)
    assert json.loads(result.stdout)["labels"] == {"NORMAL": 12, "PNEUMONIA": 12}
    for text in (
        "Films",
        "Sizes",
        "Formats",
        "Brightness",
        "Patients (IDs from",
        "Copies",
        "Shortcut check",
        "Open ",
    ):
        assert text in result.stderr, text


def test_the_command_takes_labels_patients_and_splits_from_a_csv(tmp_path):
    lines = ["path,label,split"]
    for n in range(6):
        write_film(tmp_path / f"case{n // 2}-{n}.png", n)
        lines.append(f"case{n // 2}-{n}.png,{('clear', 'TB')[n // 3]},{('train', 'test')[n % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
    words = ["--labels", str(tmp_path / "labels.csv"), "--positive", "tb", "--patient-pattern", r"case(\d+)"]
    words += ["--json", "--quiet", "--workers", "0", "--out", str(tmp_path / "e.html")]
    result = xrayscan("explore", tmp_path, *words)
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["labels"] == {"clear": 3, "TB": 3}
    assert (facts["patients"], facts["patients_in_several_splits"], facts["patients_with_both_labels"]) == (3, 3, 1)
    assert facts["metadata_auroc"] is None  # too few patients to tell


def test_a_folder_with_one_label_gives_exit_code_3_and_what_it_needs(tmp_path):
    write_film(tmp_path / "NORMAL" / "a.png", 1)
    result = xrayscan("explore", tmp_path)
    assert result.exit_code == 3
    assert "No label folders found in" in result.stderr
