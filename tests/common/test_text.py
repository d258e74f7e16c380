import re

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from common import text


def test_clean_characters_controls_and_overrides_removed():
    assert text.clean_characters("a\x00b\x0bc\u202ed\ufffee\U0001fffff") == "abcdef"


def test_clean_characters_decomposed_letters_composed():
    assert text.clean_characters("e\u0301") == "é"


def test_clean_characters_joiners_of_scripts_kept():
    assert text.clean_characters("می\u200cخواهم") == "می\u200cخواهم"


def test_clean_line_breaks_become_spaces():
    assert text.clean_line("  one\r\ntwo\u2028three\t four ") == "one two three four"


def test_clean_plain_paragraphs_kept():
    assert text.clean_plain(" one \n\n\n\n two  words \n") == "one\n\ntwo words"


def test_clean_rich_script_and_handlers_removed():
    cleaned = text.clean_rich('<p onclick="x()">Hi<script>alert(1)</script> <a href="javascript:x()">there</a></p>')
    assert cleaned == '<p>Hi <a rel="noopener nofollow">there</a></p>'


def test_clean_rich_bold_and_headings_of_word_processors_kept():
    assert text.clean_rich("<h1>One</h1><p><b>two</b> <i>three</i></p>") == (
        "<h3>One</h3><p><strong>two</strong> <em>three</em></p>"
    )


def test_clean_rich_plain_text_becomes_paragraphs():
    assert text.clean_rich("5 < 6 & so on\n\nnext") == "<p>5 &lt; 6 &amp; so on</p><p>next</p>"


@pytest.mark.parametrize("empty", ["", "  ", "<p></p>", "<p><br></p>", "<p>&nbsp;</p>"])
def test_clean_rich_without_words_is_empty(empty):
    assert text.clean_rich(empty) == ""


@given(st.text())
def test_clean_rich_twice_is_once(markup):
    once = text.clean_rich(markup)
    assert text.clean_rich(once) == once


@given(st.text())
def test_clean_plain_twice_is_once(value):
    once = text.clean_plain(value)
    assert text.clean_plain(once) == once


def test_plain_from_rich_one_line_per_block():
    assert text.plain_from_rich("<p>One &amp;<br>two</p><ul><li>three</li><li>four</li></ul>") == (
        "One &\ntwo\nthree\nfour"
    )


def test_grapheme_length_letters_with_marks_count_once():
    assert text.grapheme_length("مُدُن") == 3
    assert text.grapheme_length("👩‍👩‍👧 a") == 3


def test_check_length_limit_reached_passes():
    assert text.check_length("å" * 120, 120) is None


def test_check_length_limit_passed_names_surplus():
    with pytest.raises(ValidationError) as error:
        text.check_length("å" * 122, 120)
    assert error.value.messages == ["Shorten this by 2 characters: at most 120 fit."]


def test_check_length_one_letter_under_a_heap_of_marks_is_refused():
    with pytest.raises(ValidationError) as error:
        text.check_length("e" + "\u0301" * 100_000, 120)
    assert error.value.messages == ["Too many accents and other marks: letters and marks together, at most 496 fit."]


@pytest.mark.parametrize("grapheme", ["بِّۖ", "ệ̣̂"[:4], "å"])
def test_check_length_fully_marked_letters_pass_up_to_the_limit(grapheme):
    assert text.grapheme_length(grapheme) == 1
    assert text.check_length(grapheme * 120, 120) is None


def test_check_length_an_emoji_of_a_whole_family_fits_a_short_line():
    assert text.check_length("👨‍👩‍👧‍👦" * 2, 3) is None


WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><title>Dokument</title>
<!--[if gte mso 9]><xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml><![endif]-->
<style>p.MsoNormal {mso-style-parent:""; margin:0cm}</style></head><body lang=SV>
<p class=MsoNormal style='margin-bottom:0cm;mso-pagination:none'><b style='mso-bidi-font-weight:normal'>
<span lang=SV style='mso-fareast-language:SV'><span style='color:red'>Samtal i </span></span></b>
<st1:City w:st="on">Malmö</st1:City><o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol;mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;
</span></span><![endif]>Lyssna<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><![if !supportLists]><span>·<span>&nbsp;&nbsp;
</span></span><![endif]>Svara</p>
<p class=MsoNormal onclick="steal()">1.&nbsp;&nbsp;&nbsp; Kalla</p><p>2.&nbsp;&nbsp; Träffas</p></body></html>"""


def test_clean_rich_word_paste_keeps_text_and_structure_only():
    cleaned = text.clean_rich(WORD)
    assert re.sub(r"\s+", " ", cleaned) == (
        "<p><strong> Samtal i </strong> Malmö</p> <ul><li>Lyssna</li><li>Svara</li></ul>"
        "<ol><li>Kalla</li><li>Träffas</li></ol>"
    )
    assert text.clean_rich(cleaned) == cleaned


def test_clean_rich_paragraph_that_begins_with_a_year_or_dash_stays_one():
    markup = "<p>2024. A year</p><p>– and a dash</p>"
    assert text.clean_rich(markup) == markup
