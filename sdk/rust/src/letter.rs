//! A letter in sections, as plain text and as HTML that a screen reader reads well.
//!
//! Whatever names and settings hold: a paragraph stays one paragraph, and nothing in it becomes markup.

/// What is told: a title, and sections below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    title: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Heading(String),
    Paragraph(String),
    List(Vec<String>),
}

impl Letter {
    /// A letter under a title, which its HTML shows; a mail's plain text has its subject for that.
    pub fn new(title: &str) -> Self {
        Self {
            title: one_line(title),
            parts: Vec::new(),
        }
    }

    /// Begins a section.
    pub fn heading(&mut self, text: &str) {
        self.parts.push(Part::Heading(one_line(text)));
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.parts.push(Part::Paragraph(one_line(text)));
    }

    /// Adds a list.
    pub fn list(&mut self, points: impl IntoIterator<Item = String>) {
        let points = points.into_iter().map(|point| one_line(&point)).collect();
        self.parts.push(Part::List(points));
    }

    /// As plain text: headings in a line of their own, paragraphs with an empty line between them, points behind hyphens.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        for (place, part) in self.parts.iter().enumerate() {
            // What a heading or a sentence announces follows it at once.
            if place > 0 && !self.continues(place) {
                text.push('\n');
            }
            match part {
                Part::Heading(line) => text += &format!("{}\n", line.to_uppercase()),
                Part::Paragraph(line) => text += &format!("{line}\n"),
                Part::List(points) => {
                    text.extend(points.iter().map(|point| format!("  - {point}\n")));
                }
            }
        }
        text
    }

    fn continues(&self, place: usize) -> bool {
        matches!(
            (self.parts.get(place - 1), self.parts.get(place)),
            (Some(Part::Heading(_)), _) | (Some(Part::Paragraph(_)), Some(Part::List(_)))
        )
    }

    /// As HTML: a language, a title, headings, paragraphs and lists. A long address is broken rather than run out of a
    /// telephone's screen. No colours, so that those of the reader's program hold, and no scripts, tables, images, links
    /// or anything remote.
    pub fn html(&self) -> String {
        let title = escaped(&self.title);
        let body: String = self.parts.iter().map(html).collect();
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n</head>\n\
             <body style=\"max-width: 40em; margin: 1em; font-family: sans-serif; line-height: 1.5; \
             overflow-wrap: anywhere\">\n\
             <main>\n<h1 style=\"font-size: 1.4em; line-height: 1.25\">{title}</h1>\n{body}</main>\n</body>\n</html>\n"
        )
    }
}

fn html(part: &Part) -> String {
    match part {
        Part::Heading(line) => format!("<h2 style=\"font-size: 1.15em\">{}</h2>\n", escaped(line)),
        Part::Paragraph(line) => format!("<p>{}</p>\n", escaped(line)),
        Part::List(points) => {
            let item = |point: &String| format!("<li>{}</li>\n", escaped(point));
            let items: String = points.iter().map(item).collect();
            format!("<ul>\n{items}</ul>\n")
        }
    }
}

/// One line, whatever the text holds: control characters, and those that turn the direction of what follows, become
/// spaces.
pub fn one_line(text: &str) -> String {
    let turns = |letter| matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.replace(|letter: char| letter.is_control() || turns(letter), " ")
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_reads_the_same_as_text_and_as_html() {
        let mut letter = Letter::new("Your access");
        letter.paragraph("Dear Ana,");
        letter.heading("Whom to ask");
        letter.paragraph("Ask:");
        letter.list(["Ben".to_owned(), "Kim & Co".to_owned()]);
        letter.paragraph("Lone Pine IT");
        assert_eq!(
            letter.plain(),
            "Dear Ana,\n\nWHOM TO ASK\nAsk:\n  - Ben\n  - Kim & Co\n\nLone Pine IT\n"
        );
        let html = letter.html();
        let (head, body) = html.split_once("<main>").unwrap();
        assert!(head.contains("<html lang=\"en\">") && head.contains("<title>Your access</title>"));
        assert_eq!(
            body.split_once("</h1>").unwrap().1,
            "\n<p>Dear Ana,</p>\n<h2 style=\"font-size: 1.15em\">Whom to ask</h2>\n<p>Ask:</p>\n<ul>\n<li>Ben</li>\n\
             <li>Kim &amp; Co</li>\n</ul>\n<p>Lone Pine IT</p>\n</main>\n</body>\n</html>\n"
        );
    }

    #[test]
    fn no_text_breaks_out_of_its_line_or_into_the_markup() {
        let mut letter = Letter::new("<b>");
        letter.paragraph("Eve\r\nBcc: x <script>\" \u{202e}evil");
        assert_eq!(letter.plain(), "Eve  Bcc: x <script>\"  evil\n");
        let html = letter.html();
        assert!(html.contains("<p>Eve  Bcc: x &lt;script&gt;&quot;  evil</p>"));
        assert!(!html.contains("<b>") && !html.contains("<script"));
    }
}
