//! Consent, before any picture is taken: the text, touch and hold to agree, and a "no" that is equally easy.

use eframe::egui::{Id, Rect, pos2, vec2};

use super::{Page, StaffTouch};
use crate::{
    event::staff::{ConsentPoint, ConsentView, StaffCommand},
    ui::{
        icons::Icon,
        text::{Fit, Span},
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{Button, ButtonKind, Hold, HoldWords, Scroll, Tool},
    },
};

/// Where things stand.
struct Places {
    title: Rect,
    lead: Rect,
    card: Rect,
    version: Rect,
    hold: Rect,
    refuse: Rect,
    switch: Rect,
    tools: [Rect; 2],
    notice: Rect,
}

fn places(page: &Page<'_, '_>) -> Places {
    let sheet = &page.sheet;
    if sheet.is_landscape {
        Places {
            title: sheet.rect(848.0, 240.0, 992.0, 68.0),
            lead: sheet.rect(848.0, 316.0, 992.0, 48.0),
            card: sheet.rect(88.0, 72.0, 664.0, 936.0 + sheet.extra),
            version: sheet.rect(848.0, 388.0, 992.0, 36.0),
            hold: sheet.low(848.0, 540.0, 992.0, 168.0),
            refuse: sheet.low(848.0, 732.0, 992.0, 128.0),
            switch: sheet.low(848.0, 888.0, 383.0, 104.0),
            tools: [1576.0, 1714.0].map(|start| sheet.low(start, 888.0, 126.0, 104.0)),
            notice: sheet.low(848.0, 1004.0, 992.0, 56.0),
        }
    } else {
        Places {
            title: sheet.rect(64.0, 248.0, 952.0, 68.0),
            lead: sheet.rect(64.0, 322.0, 952.0, 48.0),
            card: sheet.rect(64.0, 416.0, 952.0, 736.0 + sheet.extra),
            version: sheet.low(64.0, 1170.0, 952.0, 36.0),
            hold: sheet.low(64.0, 1236.0, 952.0, 168.0),
            refuse: sheet.low(64.0, 1428.0, 952.0, 128.0),
            switch: sheet.low(64.0, 1652.0, 383.0, 104.0),
            tools: [752.0, 890.0].map(|start| sheet.low(start, 1652.0, 126.0, 104.0)),
            notice: sheet.low(64.0, 1788.0, 952.0, 76.0),
        }
    }
}

pub(super) fn paint(page: &mut Page<'_, '_>, view: &ConsentView, hold: &mut Hold, scroll: &mut Scroll) {
    let places = places(page);
    let colours = page.canvas.palette();
    let title = page.word("people.enrol");
    page.header(&title, &view.name);
    page.steps(1);
    // The text is in the language it was agreed in, whatever the window's is.
    heading(page, view, &places);
    page.canvas.surface(places.card, radius::CARD, Depth::Card, colours.surface);
    points(page, view, places.card, scroll);
    let language = page.canvas.words.get("language.name", view.language).to_owned();
    let values = [("n", view.version.as_str()), ("date", view.dated.as_str()), ("language", language.as_str())];
    let version = page.fill("consent.version", &values);
    page.line(places.version, &version, TypeRole::MICRO, colours.ink2);
    agree(page, places.hold, hold);
    let no = page.word("consent.no");
    let role = TypeRole { size: 38.0, line_height: 52.0, weight: Weight::SemiBold };
    let shape = (radius::CARD, 4.0);
    let button = Button { role, icon_side: 48.0, shape, ..Button::new(ButtonKind::Normal, Some(Icon::Cross), &no) };
    if page.canvas.button(Id::unique("staff").with("no"), places.refuse, &button).clicked() {
        page.send(StaffCommand::Decline);
    }
    if let Some(language) = page.canvas.language_switch(places.switch) {
        page.send(StaffCommand::SetLanguage(language));
    }
    let [read, text_size] = places.tools;
    let label = page.word("consent.read");
    let tool = Tool { icon: Icon::Speaker, label: &label, is_on: page.shown.is_reading };
    if page.canvas.tool(Id::unique("staff").with("read out"), read, tool).clicked() {
        page.send(StaffCommand::ReadOut);
    }
    let label = page.word("control.text");
    let tool = Tool { icon: Icon::TextSize, label: &label, is_on: page.shown.is_large_text };
    if page.canvas.tool(Id::unique("staff").with("text size"), text_size, tool).clicked() {
        page.touches.push(StaffTouch::TextSize);
    }
    let text = page.word("consent.before");
    page.note(places.notice, Icon::CameraOff, 40.0, &text);
}

fn heading(page: &mut Page<'_, '_>, view: &ConsentView, places: &Places) {
    let colours = page.canvas.palette();
    for (index, (text, role, place, colour)) in [
        (&view.title, TypeRole::TITLE, places.title, colours.ink),
        (&view.lead, TypeRole::BODY, places.lead, colours.ink2),
    ]
    .into_iter()
    .enumerate()
    {
        let spans = [Span { text, weight: None }];
        let (_, block) = page.canvas.fitted(&spans, view.language, role, place.size(), Fit::Wrap);
        block.paint(page.canvas.painter(), place.min, colour);
        page.canvas.describe(("consent", index), place, text);
    }
}

fn agree(page: &mut Page<'_, '_>, place: Rect, hold: &mut Hold) {
    let title = page.word(if hold.is_done() { "consent.agreed" } else { "consent.hold" });
    let hint = match (hold.is_done(), hold.part() > 0.0, hold.seconds_left()) {
        (true, ..) => String::new(),
        (_, false, _) => page.word("consent.how"),
        (_, _, 1) => page.word("consent.hold.1"),
        (_, _, 2) => page.word("consent.hold.2"),
        _ => page.word("consent.hold.3"),
    };
    let words = HoldWords { title: &title, hint: &hint };
    let now = page.shown.now;
    if page.canvas.hold_button(Id::unique("agree"), place, hold, now, &words) {
        page.send(StaffCommand::Agree);
    }
}

const ICON: f32 = 48.0;
const TEXT_AT: f32 = 74.0;

/// The paragraphs: spread over the card; scrolled where larger text does not fit.
fn points(page: &mut Page<'_, '_>, view: &ConsentView, card: Rect, scroll: &mut Scroll) {
    const BETWEEN: f32 = 24.0;
    let zoom = page.shown.text_zoom;
    let inner = card.shrink2(vec2(44.0, 36.0));
    let heading = TypeRole { size: 34.0, line_height: 44.0, weight: Weight::SemiBold }.scaled(zoom);
    let body = TypeRole { size: 29.0, line_height: 42.0, weight: Weight::Regular }.scaled(zoom);
    let width = inner.width() - TEXT_AT;
    let language = view.language;
    let blocks: Vec<_> = view
        .points
        .iter()
        .map(|point| {
            let first = page.canvas.block_in(&point.heading, language, heading, width, Fit::Wrap);
            (point, first, page.canvas.block_in(&point.text, language, body, width, Fit::Wrap))
        })
        .collect();
    let heights: f32 = blocks.iter().map(|(_, first, text)| first.height() + text.height()).sum();
    let gaps = blocks.len().saturating_sub(1).max(1) as f32;
    let between = ((inner.height() - heights) / gaps).max(BETWEEN);
    let content = heights + between * gaps;
    let now = page.shown.now;
    let rail = if page.canvas.is_mirrored() { card.left() - 28.0 } else { card.right() + 18.0 };
    page.canvas.scroll(Id::unique("consent text"), inner, content, scroll, rail, now);
    let clip = page.canvas.ui.clip_rect();
    page.canvas.ui.set_clip_rect(card.shrink(8.0).intersect(clip));
    let colours = page.canvas.palette();
    let mut top = inner.top() - scroll.offset();
    for (index, (point, first, text)) in blocks.into_iter().enumerate() {
        let height = first.height() + text.height();
        let row = Rect::from_min_size(pos2(inner.left(), top), vec2(inner.width(), height));
        let icon = page.canvas.inside(row, 0.0, 4.0, vec2(ICON, ICON));
        page.canvas.icon(icon_of(point), icon, colours.accent);
        let at = page.canvas.inside(row, TEXT_AT, 0.0, vec2(width, height));
        first.paint(page.canvas.painter(), at.min, colours.ink);
        text.paint(page.canvas.painter(), at.min + vec2(0.0, first.height()), colours.ink2);
        page.canvas.describe(("point", index), at, &format!("{}. {}", point.heading, point.text));
        top += height + between;
    }
    page.canvas.ui.set_clip_rect(clip);
}

/// The icon of that name; the info sign where there is none.
fn icon_of(point: &ConsentPoint) -> Icon {
    Icon::named(&point.icon).unwrap_or(Icon::Info)
}
