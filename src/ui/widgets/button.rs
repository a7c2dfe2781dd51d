//! Buttons with words, and the switch between two answers.

use eframe::egui::{
    Color32, CornerRadius, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Vec2, WidgetInfo, pos2, vec2,
};

use super::Canvas;
use crate::ui::{
    icons::Icon,
    text::{Fit, Span},
    tokens::{TypeRole, Weight, radius, stroke},
};

/// How a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ButtonKind {
    /// The one that leads on.
    Primary,
    /// Any other.
    #[default]
    Normal,
    /// Without a fill.
    Quiet,
    /// It takes something away.
    Careful,
}

/// A button: an icon and a word.
#[derive(Debug, Clone, Copy)]
pub struct Button<'a> {
    /// Its icon.
    pub icon: Option<Icon>,
    /// Whether the icon stands behind the word: it points onwards.
    pub icon_last: bool,
    /// Whether the icon points back.
    pub turns_icon: bool,
    /// Its word.
    pub label: &'a str,
    /// How it stands out.
    pub kind: ButtonKind,
    /// The type of its word.
    pub role: TypeRole,
    /// The side of its icon, units.
    pub icon_side: f32,
    /// Its corners and its border.
    pub shape: (u8, f32),
}

impl<'a> Button<'a> {
    /// A button with `label`.
    #[must_use]
    pub fn new(kind: ButtonKind, icon: Option<Icon>, label: &'a str) -> Self {
        let shape = (radius::CONTROL, stroke::CONTROL);
        let role = TypeRole { line_height: 40.0, ..TypeRole::BUTTON };
        Self { icon, icon_last: false, turns_icon: false, label, kind, role, icon_side: 44.0, shape }
    }
}

/// Between icon and word, and between them and the border at least, units.
const GAP: f32 = 16.0;
const PADDING: f32 = 24.0;

impl Canvas<'_> {
    /// A button.
    pub fn button(&mut self, id: Id, place: Rect, button: &Button<'_>) -> Response {
        let (response, look) = self.control(id, place, Role::Button, button.label, false);
        let colours = self.palette();
        let is_down = response.is_pointer_button_down_on();
        let is_inverted = self.theme.is_flat() && is_down;
        let (corner, width) = button.shape;
        let border = Stroke::new(look.border.width.max(width), look.border.color);
        let (fill, border, text, icon) = match button.kind {
            _ if is_inverted => (look.fill, border, look.text, look.icon),
            ButtonKind::Primary => {
                let fill = if is_down { colours.accent_down } else { colours.accent };
                (fill, Stroke::new(width, fill), colours.on_accent, colours.on_accent)
            }
            ButtonKind::Normal => (look.fill, border, look.text, look.icon),
            ButtonKind::Quiet => (if is_down { look.fill } else { Color32::TRANSPARENT }, border, look.text, look.icon),
            ButtonKind::Careful => {
                let fill = if is_down { colours.bad_tint } else { colours.surface };
                (fill, Stroke::new(border.width, colours.bad), colours.bad, colours.bad)
            }
        };
        self.painter().rect(place, CornerRadius::same(corner), fill, border, StrokeKind::Inside);
        self.icon_and_word(place, button, text, icon);
        response
    }

    /// A button with a large line above a small one.
    pub fn two_line_button(&mut self, id: Id, place: Rect, [large, small]: [&str; 2]) -> Response {
        const MARGIN: f32 = 10.0;
        let (response, look) = self.control(id, place, Role::Button, &format!("{large} {small}"), false);
        self.bed(place, &look);
        let zoom = self.limited_zoom();
        let second = if look.text == self.palette().ink { self.palette().ink2 } else { look.text };
        let lines = [
            (large, TypeRole { size: 34.0, line_height: 40.0, weight: Weight::SemiBold }, look.text),
            (small, TypeRole { size: 26.0, line_height: 36.0, weight: Weight::Medium }, second),
        ];
        let height: f32 = lines.iter().map(|(_, role, _)| role.line_height * zoom).sum();
        let mut top = place.center().y - height / 2.0;
        for (text, role, colour) in lines {
            let role = role.scaled(zoom);
            let room = vec2(place.width() - 2.0 * MARGIN, role.line_height);
            let spans = [Span { text, weight: None }];
            let fitted = self.fitted(&spans, self.language, role, room, Fit::Wrap).0;
            self.centred(text, self.language, fitted, pos2(place.center().x, top + role.line_height / 2.0), colour);
            top += role.line_height;
        }
        response
    }

    /// The pair in the middle of `place`.
    fn icon_and_word(&mut self, place: Rect, button: &Button<'_>, text: Color32, icon: Color32) {
        let side = if button.icon.is_some() { button.icon_side } else { 0.0 };
        let gap = match (button.icon, button.label.is_empty()) {
            (Some(_), false) => GAP,
            _ => 0.0,
        };
        let room = vec2(place.width() - 2.0 * PADDING - side - gap, button.role.line_height);
        let spans = [Span { text: button.label, weight: None }];
        let (_, block) = self.fitted(&spans, self.language, button.role, room, Fit::Wrap);
        let block_width = block.text_width();
        let whole = side + gap + block_width;
        let frame = Rect::from_center_size(place.center(), vec2(whole, place.height()));
        let (icon_at, text_at) = if button.icon_last { (block_width + gap, 0.0) } else { (0.0, side + gap) };
        if let Some(kind) = button.icon {
            let at = self.inside(frame, icon_at, (place.height() - side) / 2.0, vec2(side, side));
            let mirrored = self.is_mirrored() != button.turns_icon;
            crate::ui::icons::paint(self.painter(), kind, at, icon, mirrored);
        }
        let line = self.inside(frame, text_at, 0.0, vec2(block_width, place.height()));
        // A wrapped block in Arabic is flush with the right edge of the room it was given.
        let shift = if self.is_mirrored() { block_width - room.x } else { 0.0 };
        let top = place.center().y - block.height() / 2.0;
        block.paint(self.painter(), pos2(line.left() + shift, top), text);
    }

    /// Two or more answers side by side of which one is chosen; gives the one that was touched. In reading order.
    pub fn switch(&mut self, id: Id, place: Rect, labels: &[&str], chosen: Option<usize>) -> Option<usize> {
        const INSET: f32 = 10.0;
        const SPACE: f32 = 6.0;
        let colours = self.palette();
        let border = Stroke::new(stroke::CONTROL, colours.line);
        self.painter().rect(place, CornerRadius::same(radius::CONTROL), colours.sunk, border, StrokeKind::Inside);
        let count = labels.len().max(1) as f32;
        let width = (place.width() - 2.0 * INSET - SPACE * (count - 1.0)) / count;
        let mut touched = None;
        for (index, label) in labels.iter().enumerate() {
            let start = INSET + index as f32 * (width + SPACE);
            let segment = self.inside(place, start, INSET, vec2(width, place.height() - 2.0 * INSET));
            let is_chosen = chosen == Some(index);
            let (response, text) =
                self.switch_segment(id.with(index), segment, vec2(SPACE / 2.0, INSET), is_chosen, label);
            let weight = if is_chosen { Weight::SemiBold } else { Weight::Medium };
            let role = TypeRole { weight, ..TypeRole::LABEL };
            if is_chosen {
                let button = Button {
                    icon: Some(Icon::Check),
                    icon_side: 32.0,
                    role,
                    ..Button::new(ButtonKind::Primary, None, label)
                };
                // A segment has less room beside its word than a button.
                self.icon_and_word(segment.expand2(vec2(20.0, 0.0)), &button, text, text);
            } else {
                self.centred(label, self.language, role, segment.center(), text);
            }
            if response.clicked() && !is_chosen {
                touched = Some(index);
            }
        }
        touched
    }

    /// One answer of a switch, without its word: `margin` around the segment belongs to what can be touched. Gives the
    /// colour of the word.
    pub(super) fn switch_segment(
        &mut self,
        id: Id,
        segment: Rect,
        margin: Vec2,
        is_chosen: bool,
        label: &str,
    ) -> (Response, Color32) {
        let colours = self.palette();
        let touch = segment.expand2(margin);
        let response = self.ui.interact(touch, id, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, true, is_chosen, label));
        self.focus_ring(&response, touch);
        let (fill, text) = match (is_chosen, response.is_pointer_button_down_on()) {
            (true, _) => (colours.accent, colours.on_accent),
            (false, true) => (colours.tint, colours.ink),
            (false, false) => (Color32::TRANSPARENT, colours.ink),
        };
        self.painter().rect_filled(segment, CornerRadius::same(radius::SEGMENT), fill);
        (response, text)
    }

    /// The bar of tabs with its one tab, which is chosen. Touched: back to its first page.
    pub fn tab(&mut self, id: Id, bed: Rect, icon: Icon, label: &str, in_a_row: bool) -> bool {
        const ICON: f32 = 42.0;
        let colours = self.palette();
        let response = self.ui.interact(bed, id, Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, true, label));
        let border = Stroke::new(stroke::CONTROL, colours.line);
        self.painter().rect(bed, CornerRadius::same(radius::CONTROL), colours.sunk, border, StrokeKind::Inside);
        self.focus_ring(&response, bed);
        let segment = bed.shrink(10.0);
        let fill = if response.is_pointer_button_down_on() { colours.accent_down } else { colours.accent };
        self.painter().rect_filled(segment, CornerRadius::same(radius::SEGMENT), fill);
        let size = if in_a_row { 28.0 } else { 24.0 };
        let role = TypeRole { size, line_height: 34.0, weight: Weight::SemiBold };
        let block = self.block(label, role, f32::INFINITY, Fit::Wrap);
        let width = block.text_width();
        let (icon_place, text) = if in_a_row {
            let frame = Rect::from_center_size(segment.center(), vec2(ICON + GAP + width, segment.height()));
            let top = (segment.height() - ICON) / 2.0;
            let text = self.inside(frame, ICON + GAP, (segment.height() - 34.0) / 2.0, vec2(width, 34.0));
            (self.inside(frame, 0.0, top, vec2(ICON, ICON)), text)
        } else {
            let top = segment.center().y - (ICON + 34.0) / 2.0;
            let icon = Rect::from_center_size(pos2(segment.center().x, top + ICON / 2.0), vec2(ICON, ICON));
            let centre = pos2(segment.center().x, top + ICON + 17.0);
            (icon, Rect::from_center_size(centre, vec2(width, 34.0)))
        };
        self.icon(icon, icon_place, colours.on_accent);
        block.paint(self.painter(), text.min, colours.on_accent);
        let line = Rect::from_min_size(pos2(text.left(), text.bottom() + 1.0), vec2(width, 3.0));
        self.painter().rect_filled(line, CornerRadius::ZERO, colours.on_accent);
        response.clicked()
    }
}
