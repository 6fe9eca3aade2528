//! A letter in paragraphs and lists, as plain text and as HTML that a screen reader reads well.
//!
//! Whatever names and settings hold: a paragraph stays one paragraph, and nothing in it becomes markup.

/// Paragraphs, each with the points below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter(Vec<(String, Vec<String>)>);

impl Letter {
    /// Adds a paragraph.
    pub fn paragraph(&mut self, text: &str) {
        self.list(text, []);
    }

    /// Adds a paragraph with a list below it.
    pub fn list(&mut self, text: &str, points: impl IntoIterator<Item = String>) {
        let points = points.into_iter().map(|point| one_line(&point)).collect();
        self.0.push((one_line(text), points));
    }

    /// As plain text: paragraphs with an empty line between them, points behind hyphens.
    pub fn plain(&self) -> String {
        let part = |(line, points): &(String, Vec<String>)| {
            let points: String = points
                .iter()
                .map(|point| format!("\n  - {point}"))
                .collect();
            format!("{line}{points}\n")
        };
        self.0.iter().map(part).collect::<Vec<_>>().join("\n")
    }

    /// As HTML: a language, paragraphs and lists; no styles, scripts or remote content.
    pub fn html(&self) -> String {
        let mut html = "<!DOCTYPE html><html lang=\"en\"><body>".to_owned();
        for (line, points) in &self.0 {
            html += &format!("<p>{}</p>", escaped(line));
            if !points.is_empty() {
                let items = points
                    .iter()
                    .map(|point| format!("<li>{}</li>", escaped(point)));
                html += &format!("<ul>{}</ul>", items.collect::<String>());
            }
        }
        html + "</body></html>"
    }
}

/// One line, whatever the text holds: control characters become spaces.
pub fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
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
        let mut letter = Letter::default();
        letter.paragraph("Dear Ana,");
        letter.list("Ask:", ["Ben".to_owned(), "Kim & Co".to_owned()]);
        assert_eq!(letter.plain(), "Dear Ana,\n\nAsk:\n  - Ben\n  - Kim & Co\n");
        assert_eq!(
            letter.html(),
            "<!DOCTYPE html><html lang=\"en\"><body><p>Dear Ana,</p><p>Ask:</p>\
             <ul><li>Ben</li><li>Kim &amp; Co</li></ul></body></html>"
        );
    }

    #[test]
    fn no_text_breaks_out_of_its_line_or_into_the_markup() {
        let mut letter = Letter::default();
        letter.paragraph("Eve\r\nBcc: x <script>\"");
        assert_eq!(letter.plain(), "Eve  Bcc: x <script>\"\n");
        assert!(letter.html().contains("Eve  Bcc: x &lt;script&gt;&quot;"));
    }
}
