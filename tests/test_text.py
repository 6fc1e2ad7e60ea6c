from common.text import aligned_table, count, csv_text, first_few, one_line, terminal_safe


def test_a_noun_follows_its_amount():
    assert count(1, "class", "classes") == "1 class"
    assert count(0, "class", "classes") == "0 classes"
    assert count(2975, "frame") == "2,975 frames"


def test_the_first_few_names_are_shown_and_the_others_counted():
    assert first_few(["a", "b"]) == "a, b"
    assert first_few("abcdefg", most=2) == "a, b and 5 more"


def test_names_that_could_change_the_terminal_are_escaped():
    assert first_few(["\x1b[31mred"]) == r"'\x1b[31mred'"
    assert terminal_safe("\x1b[31mred\tand\x9b \u202e") == "\\x1b[31mred\tand\\x9b \\u202e"


def test_a_line_break_stays_only_where_messages_of_the_project_have_one():
    assert terminal_safe("\nall:\n    one") == "\nall:\n    one"
    assert terminal_safe("a.png\nerror: disk\r\n") == "a.png\\x0aerror: disk\\x0d\\x0a"


def test_csv_cells_are_no_formulas_and_numbers_stay():
    rows = [("=1+1", "+x", "-x", "@a", "\tb"), ("-0.5", -3, "a=b", "-", "")]
    assert csv_text(rows, ";") == "'=1+1;'+x;'-x;'@a;'\tb\n-0.5;-3;a=b;-;\n"


def test_any_text_becomes_one_printable_line():
    assert one_line("a\nb\x00c", longest=4) == "a?b?"


def test_columns_are_aligned_left_first_and_right_then():
    assert aligned_table([("split", "frames"), ("val", "1,000")]) == ["split  frames", "val     1,000"]
