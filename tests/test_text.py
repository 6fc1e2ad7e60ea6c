from common.text import aligned_table, count, first_few, one_line, terminal_safe


def test_a_noun_follows_its_amount():
    assert count(1, "class", "classes") == "1 class"
    assert count(0, "class", "classes") == "0 classes"
    assert count(2975, "frame") == "2,975 frames"


def test_the_first_few_names_are_shown_and_the_others_counted():
    assert first_few(["a", "b"]) == "a, b"
    assert first_few("abcdefg", most=2) == "a, b and 5 more"


def test_names_that_could_change_the_terminal_are_escaped():
    assert first_few(["\x1b[31mred"]) == r"'\x1b[31mred'"
    assert terminal_safe("\x1b[31mred\nand\tmore\x9b") == "\\x1b[31mred\nand\tmore\\x9b"


def test_any_text_becomes_one_printable_line():
    assert one_line("a\nb\x00c", longest=4) == "a?b?"


def test_columns_are_aligned_left_first_and_right_then():
    assert aligned_table([("split", "frames"), ("val", "1,000")]) == ["split  frames", "val     1,000"]
