"""Reads a message on standard input as a mail program would, and complains about what a reader could stumble over."""

import email
import email.policy
import html.parser
import sys


class Page(html.parser.HTMLParser):
    """Elements in order; they must close in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen, self.text = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        for name, value in attributes:
            assert name not in ("src", "href", "background", "onload"), (tag, name)
            assert "url(" not in (value or ""), value
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text.append(data)


message = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
parts = list(message.walk())
assert not any(part.defects for part in parts), [part.defects for part in parts]
kinds = [part.get_content_type() for part in parts]
assert kinds == ["multipart/alternative", "text/plain", "text/html"], kinds
plain = message.get_body(("plain",)).get_content()
page = Page()
source = message.get_body(("html",)).get_content()
page.feed(source)
page.close()
assert page.open == [], page.open
assert '<html lang="en">' in source
assert not {"table", "img", "script", "a", "font"} & set(page.seen), page.seen
levels = [int(tag[1]) for tag in page.seen if tag[0] == "h" and tag[1:].isdigit()]
assert levels[0] == 1 and set(levels[1:]) == {2}, levels
# Everything that the text says the page says too.
shown = " ".join("".join(page.text).split()).upper()
for line in plain.splitlines():
    said = " ".join(line.removeprefix("  - ").split()).upper()
    assert said in shown, said
print(message["Subject"])
print(plain)
