"""English as it is spoken."""

from __future__ import annotations

import pytest

from voice.text.clean import clean
from voice.text.normalize.en import normalize

CASES = {
    # numbers
    "0 and 7": "zero and seven",
    "1,234,567": "one million two hundred thirty four thousand five hundred sixty seven",
    "3.14159": "three point one four one five nine",
    "0.5 or .5": "zero point five or zero point five",
    "agent 007": "agent zero zero seven",
    "-5 and x = -3": "minus five and x equals minus three",
    "the 21st, 22nd, 103rd": "the twenty first, twenty second, one hundred third",
    "1,000th": "one thousandth",
    "3/4 and 1/2, 1 1/2": "three fourths and one half, one and one half",
    "½ cup": "one half cup",
    "version 3.11.2": "version three point eleven point two",
    "5-10 people": "five to ten people",
    "5 + 3 = 8": "five plus three equals eight",
    "7 - 2 = 5": "seven minus two equals five",
    "3 × 4 and 3*4": "three times four and three times four",
    "x < 3": "x is less than three",
    "#1": "number one",
    # years and dates
    "in 1999 and 2005": "in nineteen ninety nine and two thousand five",
    "in 1905": "in nineteen oh five",
    "in 1900 and 2000": "in nineteen hundred and two thousand",
    "2024-05-01": "May first, twenty twenty four",
    "5/1/2024": "May first, twenty twenty four",
    "25/12/2023": "December twenty fifth, twenty twenty three",
    "On May 1st, 2024": "On May first, twenty twenty four",
    "1 May 2024": "the first of May, twenty twenty four",
    "the 4th of July": "the fourth of July",
    "Jan. 5": "January fifth",
    "the 1990s and '80s": "the nineteen nineties and eighties",
    "1990–1995": "nineteen ninety to nineteen ninety five",
    # times
    "at 13:30": "at thirteen thirty",
    "at 9:05": "at nine oh five",
    "at 4:00": "at four o'clock",
    "10:15 AM": "ten fifteen A M",
    "4pm": "four P M",
    "I woke at 6 a.m. Then I ran.": "I woke at six A M. Then I ran.",
    # money
    "$5.20": "five dollars and twenty cents",
    "£4.10": "four pounds and ten pence",
    "$1": "one dollar",
    "$0.99": "ninety nine cents",
    "$3.5 million": "three point five million dollars",
    "€2bn": "two billion euros",
    "¥300": "three hundred yen",
    "5 USD": "five U S dollars",
    "50¢": "fifty cents",
    "-$20": "minus twenty dollars",
    # units
    "10km in 45min at 13km/h":
        "ten kilometers in forty five minutes at thirteen kilometers per hour",
    "1 kg": "one kilogram",
    "60 m²": "sixty square meters",
    "-19°C": "minus nineteen degrees Celsius",
    "50% of 80": "fifty percent of eighty",
    "5'10\"": "five feet ten inches",
    "16GB": "sixteen gigabytes",
    # telephone numbers
    "555-1234": "five five five, one two three four",
    "+1 (555) 123-4567": "plus one, five five five, one two three, four five six seven",
    # abbreviations, initials, acronyms
    "Dr. Smith lives on Baker Dr.": "Doctor Smith lives on Baker Drive.",
    "Mr. Brown, Mrs. Green": "Mister Brown, Missus Green",
    "St. James St.": "Saint James Street.",
    "e.g. this, i.e. that, etc.": "for example this, that is that, et cetera.",
    "U.S.A. and the U.S. economy": "U S A and the U S economy",
    "J. K. Rowling": "J K Rowling",
    "NASA": "nasa",
    "GPT-4": "G P T four",
    "ChatGPT": "Chat G P T",
    "COVID-19": "covid nineteen",
    "AT&T": "A T and T",
    "HELLO WORLD, THIS IS LOUD": "hello world, this is loud",
    "I do NOT want it": "I do not want it",
    "World War II": "World War two",
    "Henry VIII": "Henry the eighth",
    # addresses
    "https://www.example.com/path": "W W W dot example dot com slash path",
    "john.doe@example.co.uk": "john dot doe at example dot co dot uk",
    "see main.py": "see main dot py",
    # apostrophes, quotes, dashes, brackets
    "It isn’t John's, the boss's or the cats' toys":
        "It isn't John's, the boss's or the cats' toys",
    "“Really?” she said": "Really? she said",
    "stop—now": "stop, now",
    "He said (quietly) that": "He said, quietly, that",
    "Wait... what?": "Wait. what?",
    "text-to-speech": "text to speech",
    "naïve café": "naive cafe",
    "α particles": "alpha particles",
    "one\ntwo": "one. two",
    "R&D": "R and D",
    "10/10": "ten out of ten",
    "Call 911 now": "Call nine one one now",
    "in 1066": "in ten sixty six",
    "5 a.m.-6 p.m.": "five A M to six P M.",
    "C++ and C#": "C plus plus and C sharp",
    "<b>bold</b>": "bold",
    # what hangs on the words beside it
    "a $20-$30 range": "a twenty to thirty dollars range",
    "$5–10 each, £5m-£7m": "five to ten dollars each, five million to seven million pounds",
    "$1.50-$2.25": "one dollar and fifty cents to two dollars and twenty five cents",
    "5-10 USD, €1.234,56":
        "five to ten U S dollars, one thousand two hundred thirty four euros and fifty six cents",
    "a $100K salary, a $5 bill": "a one hundred thousand dollar salary, a five dollar bill",
    "I have a $20 and a $50": "I have a twenty dollars and a fifty dollars",
    "the 60's, the 2020's": "the sixties, the twenty twenties",
    "On 12/25 we met.": "On December twenty fifth we met.",
    "1/1/20, 31.12.2023, 01-02-2023":
        "January first, twenty twenty, December thirty first, twenty twenty three, "
        "January second, twenty twenty three",
    "Mon, 3 Feb 2024": "Monday, the third of February, twenty twenty four",
    "Open Mon-Fri 9-5pm": "Open Monday to Friday nine to five P M",
    "9:00-10:30 a.m.": "nine o'clock to ten thirty A M.",
    "at 7.30 pm or 00:00": "at seven thirty P M or midnight",
    "1h 30m and 5m20s": "one hour thirty minutes and five minutes twenty seconds",
    "a 12\" ruler": "a twelve inch ruler",
    "he said \"I am 12\" to us": "he said I am twelve to us",
    "5ft 10in, 3 in. wide": "five feet ten inches, three inches wide",
    "a 5 min. walk": "a five minutes walk",
    "9.8 m/s²": "nine point eight meters per second squared",
    "x² + y³, 10⁶": "x squared plus y cubed, ten to the power of six",
    "a ≠ b": "a is not equal to b",
    "6.02×10²³, 1e6":
        "six point zero two times ten to the power of twenty three, one times ten to the "
        "power of six",
    "World War I, Part I": "World War one, Part one",
    "I think. Part of it": "I think. Part of it",
    "room 101, flight 370, suite 1204":
        "room one oh one, flight three seventy, suite twelve oh four",
    "1600 Pennsylvania Avenue": "sixteen hundred Pennsylvania Avenue",
    "123 Main St.": "one twenty three Main Street.",
    "Springfield, IL 62704": "Springfield, I L six two seven zero four",
    "my PIN is 1234, zip code 90210":
        "my pin is one two three four, zip code nine zero two one zero",
    "1080p": "ten eighty p",
    "call 555 123 4567": "call five five five, one two three, four five six seven",
    "(555) 555-5555 x123":
        "five five five, five five five, five five five five extension one two three",
    "07700 900123": "zero seven seven zero zero, nine zero zero one two three",
    "1-800-FLOWERS": "one eight hundred flowers",
    "ISBN 978-3-16-148410-0, a 4-4-2":
        "isbn nine seven eight, three, one six, one four eight four one zero, zero, a "
        "four four two",
    "1 000 000": "one million",
    "192.168.0.1:80": "one nine two dot one six eight dot zero dot one colon eight zero",
    "v2.0.1": "version two point zero point one",
    "C:\\Users\\me": "C colon backslash Users backslash me",
    "/usr/local/bin": "slash usr slash local slash bin",
    "and/or": "and or",
    "4x4": "four by four",
    "50/50": "fifty fifty",
    "10k-20k": "ten k to twenty k",
    "72 degrees F": "seventy two degrees Fahrenheit",
    "He moved to the U.S. They stayed.": "He moved to the U S. They stayed.",
    "Sr. Manager": "Senior Manager",
    "John Smith Jr. He left": "John Smith Junior. He left",
    "two PhDs": "two P H D's",
    "42nd St. in May": "forty second Street in May",
}


@pytest.mark.parametrize("text", CASES)
def test_spoken_form(text: str) -> None:
    assert normalize(clean(text)) == CASES[text]
