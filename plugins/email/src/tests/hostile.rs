//! Names, settings and addresses that try to be more than that.

use super::*;

#[test]
fn neither_names_nor_settings_break_out_of_a_line_or_into_the_html() {
    let mut notice = about(NoticeKind::Final);
    notice.person = "Eve\r\nBcc: x@example.org <script>".into();
    let mail = render(
        notice,
        &[("organisation", "A\nB"), ("signature", "<img src=x>\n.")],
    );
    let html = mail.html.unwrap();
    assert!(!mail.subject.contains(char::is_control));
    assert!(mail.subject.starts_with("[A B] Final notice: "));
    assert!(!mail.text.contains("\nBcc"));
    for tag in ["<script", "<img", "<a ", "<table", "http:", "https:"] {
        assert!(!html.contains(tag), "{html}");
    }
}

#[test]
fn an_address_of_another_kind_is_refused() {
    let mut phone = to(RecipientRole::Contact);
    phone.address = "+1 555 0100".into();
    let refused = Email::render(about(NoticeKind::Notice), phone, vec![]);
    assert!(matches!(refused, Err(Failure::Address(_))));
}
