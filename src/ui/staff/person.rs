//! One person's page: details, dates, edit, forget.

use eframe::egui::{Id, Rect, pos2, vec2};

use super::{
    Page,
    form::{Edited, Form},
    people::status,
};
use crate::{
    event::{
        Language,
        staff::{PersonStatus, PersonView, Removed, StaffCommand},
    },
    ui::{
        icons::Icon,
        text::Fit,
        tokens::{Depth, TypeRole, Weight, radius},
        widgets::{Button, ButtonKind, TAG_HEIGHT, Tag},
    },
};

/// The least height of a row of the card.
const ROW: f32 = 76.0;
const ROW_LANDSCAPE: f32 = 62.0;

pub(super) fn paint(page: &mut Page<'_, '_>, person: &PersonView, form: &mut Option<Form>) {
    if let Some(open) = form {
        match super::form::paint_edit(page, open) {
            Some(Edited::Saved(details)) => {
                page.send(StaffCommand::SaveDetails(person.row.id, details));
                *form = None;
            }
            Some(Edited::Discarded) => *form = None,
            None => {}
        }
        return;
    }
    page.staff_header();
    who(page, person);
    if let Some(removed) = person.removed {
        what_was_removed(page, removed);
        back(page, ButtonKind::Primary);
    } else if person.confirms_forget {
        question(page, person);
    } else {
        details(page, person);
        actions(page, person, form);
    }
    page.tabs();
}

/// The octagon, the name and the tag.
fn who(page: &mut Page<'_, '_>, person: &PersonView) {
    let colours = page.canvas.palette();
    let (kind, icon, word) = status(page, person.row.status);
    let tag = Tag { kind, icon, word: &word, size: 26.0 };
    let tag_width = page.canvas.tag_width(&tag);
    let name = if person.row.name.is_empty() { page.word("person.noname") } else { person.row.name.clone() };
    let language = Language::of_text(&name).unwrap_or(page.canvas.language);
    if page.sheet.is_landscape {
        let card = page.sheet.side();
        page.canvas.surface(card, radius::CARD, Depth::Card, colours.surface);
        let centre = pos2(card.center().x, card.top() + 260.0);
        page.canvas.initials(centre, 300.0, &person.row.name);
        let block = page.canvas.block_in(&name, language, TypeRole::TITLE, card.width() - 88.0, Fit::Balance);
        let shift = if language.is_right_to_left() { card.width() - 88.0 - block.text_width() } else { 0.0 };
        let left = card.center().x - block.text_width() / 2.0 - shift;
        block.paint(page.canvas.painter(), pos2(left, card.top() + 460.0), colours.ink);
        let top = card.top() + 460.0 + block.height();
        let shown = Rect::from_min_max(pos2(card.left(), card.top() + 460.0), pos2(card.right(), top));
        page.canvas.describe("name", shown, &name);
        let place = Rect::from_center_size(pos2(card.center().x, top + 52.0), vec2(tag_width, TAG_HEIGHT));
        page.canvas.tag(place, &tag);
    } else {
        const OCTAGON: f32 = 132.0;
        let place = page.sheet.rect(64.0, 150.0, OCTAGON, OCTAGON);
        page.canvas.initials(place.center(), OCTAGON, &person.row.name);
        let width = 952.0 - OCTAGON - 28.0;
        let line = page.sheet.rect(64.0 + OCTAGON + 28.0, 146.0, width, 68.0);
        let spans = [crate::ui::text::Span { text: &name, weight: None }];
        let (_, block) = page.canvas.fitted(&spans, language, TypeRole::TITLE, line.size(), Fit::Wrap);
        let shift = match (page.canvas.is_mirrored(), language.is_right_to_left()) {
            (true, false) => width - block.text_width(),
            (false, true) => block.text_width() - width,
            _ => 0.0,
        };
        block.paint(page.canvas.painter(), line.min + vec2(shift, 0.0), colours.ink);
        page.canvas.describe("name", line, &name);
        let place = page.sheet.rect(64.0 + OCTAGON + 28.0, 224.0, tag_width, TAG_HEIGHT);
        page.canvas.tag(place, &tag);
    }
}

/// The place of the card.
fn card(page: &Page<'_, '_>, height: f32) -> Rect {
    let (start, width) = page.sheet.column();
    page.sheet.rect(start, if page.sheet.is_landscape { 136.0 } else { 320.0 }, width, height)
}

fn details(page: &mut Page<'_, '_>, person: &PersonView) {
    const LABEL: f32 = 300.0;
    let dates = page.dates();
    let nothing = page.word("person.nothing");
    let text = |value: &str| if value.is_empty() { nothing.clone() } else { value.to_owned() };
    let row = &person.row;
    let language = person.details.language.map(|it| page.canvas.words.get("language.name", it).to_owned());
    let is_gone = row.status == PersonStatus::Forgotten;
    let mut rows: Vec<(&str, String)> = Vec::new();
    if !is_gone {
        rows.push(("form.phone", text(&person.details.phone)));
        rows.push(("form.email", text(&person.details.email)));
        rows.push(("form.note", text(&person.details.note)));
        rows.push(("person.language", language.unwrap_or_else(|| nothing.clone())));
    }
    rows.push(("person.consent", text(&person.consent_version)));
    rows.push(("person.by", text(&person.enrolled_by)));
    rows.push((if is_gone { "person.gone" } else { "person.since" }, dates.long(row.since)));
    if !is_gone {
        rows.push(("person.last", row.last_visit.map_or_else(|| nothing.clone(), |at| dates.long(at))));
        rows.push(("person.until", row.until.map_or_else(|| nothing.clone(), |at| dates.long(at))));
    }
    let least = if page.sheet.is_landscape { ROW_LANDSCAPE } else { ROW };
    let place = card(page, 0.0);
    let width = place.width() - 88.0 - LABEL;
    let label_role = TypeRole { size: 28.0, line_height: 44.0, weight: Weight::Regular };
    // In landscape there is room for one line each.
    let fit = if page.sheet.is_landscape { Fit::OneLine } else { Fit::Wrap };
    let blocks: Vec<_> = rows
        .into_iter()
        .map(|(key, value)| {
            let own = Language::of_text(&value).unwrap_or(page.canvas.language);
            // Numbers and addresses run left to right in both languages.
            let block = page.canvas.block_in(&value, own, TypeRole::LABEL, width, fit);
            (key, value, own, block)
        })
        .collect();
    let height: f32 = blocks.iter().map(|(.., block)| block.height().max(44.0) + least - 44.0).sum();
    let place = card(page, height + 32.0);
    page.canvas.surface(place, radius::CARD, Depth::Card, page.canvas.palette().surface);
    let colours = page.canvas.palette();
    let mut top = 16.0;
    for (index, (key, value, own, block)) in blocks.into_iter().enumerate() {
        let row_height = block.height().max(44.0) + least - 44.0;
        if index > 0 {
            page.canvas.rule(place.left() + 44.0, place.right() - 44.0, place.top() + top);
        }
        let padding = (least - 44.0) / 2.0;
        let label = page.word(key);
        let name = page.canvas.block(&label, label_role, LABEL - 16.0, Fit::OneLine);
        let at = page.canvas.inside(place, 44.0, top + padding, vec2(LABEL - 16.0, 44.0));
        name.paint(page.canvas.painter(), at.min, colours.ink2);
        let at = page.canvas.inside(place, 44.0 + LABEL, top + padding, vec2(width, block.height()));
        let shift = match (page.canvas.is_mirrored(), own.is_right_to_left()) {
            (true, false) => width - block.text_width(),
            (false, true) => block.text_width() - width,
            _ => 0.0,
        };
        block.paint(page.canvas.painter(), at.min + vec2(shift, 0.0), colours.ink);
        page.canvas.describe(("detail", index), at, &format!("{label}: {value}"));
        top += row_height;
    }
}

fn actions(page: &mut Page<'_, '_>, person: &PersonView, form: &mut Option<Form>) {
    if person.row.status == PersonStatus::Forgotten {
        back(page, ButtonKind::Normal);
        return;
    }
    let [back, edit, forget] = page.sheet.parts(page.sheet.actions(), [1.0, 0.8, 1.1]);
    let (back_word, edit_word, forget_word) =
        (page.word("person.back"), page.word("person.edit"), page.word("person.forget"));
    back_button(page, back, ButtonKind::Normal, &back_word);
    if page.button("edit", edit, ButtonKind::Normal, Some(Icon::Edit), &edit_word) {
        *form = Some(Form::new(&person.details, page.canvas.language, page.shown.now, false));
    }
    if page.button("forget", forget, ButtonKind::Careful, Some(Icon::Bin), &forget_word) {
        page.send(StaffCommand::AskForget(person.row.id));
    }
}

fn back(page: &mut Page<'_, '_>, kind: ButtonKind) {
    let word = page.word("person.back");
    let place = page.sheet.actions();
    back_button(page, place, kind, &word);
}

fn back_button(page: &mut Page<'_, '_>, place: Rect, kind: ButtonKind, word: &str) {
    let button = Button { turns_icon: true, ..Button::new(kind, Some(Icon::Arrow), word) };
    if page.canvas.button(Id::unique("staff").with("all people"), place, &button).clicked() {
        page.send(StaffCommand::ShowPeople);
    }
}

/// Forget, or keep: both equally easy.
fn question(page: &mut Page<'_, '_>, person: &PersonView) {
    let (ask, what) = (page.fill("forget.ask", &[("name", &person.row.name)]), page.word("forget.what"));
    card_with(page, &ask, &what);
    let [keep, forget] = page.sheet.parts(page.sheet.actions(), [1.0, 1.0]);
    let (keep_word, forget_word) = (page.word("forget.no"), page.word("forget.yes"));
    if page.button("keep", keep, ButtonKind::Normal, Some(Icon::Cross), &keep_word) {
        page.send(StaffCommand::CancelForget);
    }
    if page.button("confirm", forget, ButtonKind::Careful, Some(Icon::Bin), &forget_word) {
        page.send(StaffCommand::ConfirmForget);
    }
}

/// A card with a title and a sentence; gives the y below them.
fn card_with(page: &mut Page<'_, '_>, title: &str, sentence: &str) -> Rect {
    let colours = page.canvas.palette();
    let place = card(page, 290.0);
    page.canvas.surface(place, radius::CARD, Depth::Card, colours.surface);
    let inner = place.shrink2(vec2(44.0, 40.0));
    let height = page.line(inner, title, TypeRole::CARD_TITLE, colours.ink);
    let below = Rect::from_min_max(pos2(inner.left(), inner.top() + height + 18.0), inner.max);
    page.line(below, sentence, TypeRole::BODY, colours.ink);
    place
}

fn what_was_removed(page: &mut Page<'_, '_>, removed: Removed) {
    let colours = page.canvas.palette();
    let rows = [
        ("removed.patterns", removed.embeddings),
        ("removed.crops", removed.crops),
        ("removed.visits", removed.visits_unlinked),
    ];
    let place = card(page, 410.0);
    page.canvas.surface(place, radius::CARD, Depth::Card, colours.surface);
    let inner = place.shrink2(vec2(44.0, 36.0));
    let title = page.word("removed.title");
    let height = page.line(inner, &title, TypeRole::CARD_TITLE, colours.ink) + 16.0;
    for (index, (key, count)) in rows.into_iter().enumerate() {
        let row = Rect::from_min_size(
            pos2(inner.left(), inner.top() + height + index as f32 * 84.0),
            vec2(inner.width(), 84.0),
        );
        page.canvas.rule(row.left(), row.right(), row.top());
        let label = page.word(key);
        let block = page.canvas.block(&label, TypeRole::LABEL, row.width() - 160.0, Fit::OneLine);
        let at = page.canvas.inside(row, 0.0, 20.0, vec2(row.width() - 160.0, 44.0));
        block.paint(page.canvas.painter(), at.min, colours.ink);
        let number = TypeRole { size: 40.0, line_height: 52.0, weight: Weight::SemiBold };
        let block = page.canvas.block(&count.to_string(), number, f32::INFINITY, Fit::Wrap);
        let width = block.text_width();
        let at = page.canvas.inside(row, row.width() - width, 16.0, vec2(width, 52.0));
        block.paint(page.canvas.painter(), at.min, colours.ink);
        page.canvas.describe(("removed", index), row, &format!("{label}: {count}"));
    }
}
