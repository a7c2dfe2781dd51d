//! What can be touched: topic chips, tool buttons, the language switch, buttons.

use eframe::egui::{
    Color32, CornerRadius, Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Vec2, WidgetInfo, pos2, vec2,
};

use super::Canvas;
use crate::{
    event::Language,
    ui::{
        icons::{self, Icon},
        text::{Fit, Span},
        tokens::{TypeRole, Weight, duration_secs, radius, stroke},
    },
};

/// Between a label and the border of its control at least, units.
const LABEL_MARGIN: f32 = 10.0;

/// A topic to be touched.
#[derive(Debug, Clone, Copy)]
pub struct Chip<'a> {
    /// Its icon.
    pub icon: Icon,
    /// Its words.
    pub label: &'a str,
    /// The type of its words, the same for all chips of a screen: [`Canvas::chip_role`].
    pub role: TypeRole,
}

/// A tool button.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// Its icon.
    pub icon: Icon,
    /// Its words.
    pub label: &'a str,
    /// Whether it is switched on.
    pub is_on: bool,
}

/// How a control is drawn at this moment.
pub(super) struct Look {
    pub(super) fill: Color32,
    pub(super) border: Stroke,
    pub(super) text: Color32,
    pub(super) icon: Color32,
}

impl Canvas<'_> {
    /// The bed of a control at `place`: its touch, its focus ring, its colours now. `is_held`: switched on or chosen.
    pub(super) fn control(&mut self, id: Id, place: Rect, role: Role, label: &str, is_held: bool) -> (Response, Look) {
        let response = self.ui.interact(place, id, Sense::click());
        response.widget_info(|| match role {
            Role::Button => WidgetInfo::labeled(role, true, label),
            _ => WidgetInfo::selected(role, true, is_held, label),
        });
        let is_down = response.is_pointer_button_down_on();
        // Pressed at once, released slowly.
        let release = if is_down { 0.0 } else { duration_secs::RELEASE };
        let pressed = self.ui.ctx().animate_bool_with_time(id.with("pressed"), is_down, release);
        let colours = self.palette();
        let look = if self.theme.is_flat() && is_down {
            Look {
                fill: Color32::WHITE,
                border: Stroke::new(stroke::PRESSED, Color32::WHITE),
                text: Color32::BLACK,
                icon: Color32::BLACK,
            }
        } else {
            let k = if is_held { 1.0 } else { pressed };
            Look {
                fill: colours.surface.lerp_to_gamma(colours.tint, k),
                border: Stroke::new(
                    stroke::CONTROL + (stroke::PRESSED - stroke::CONTROL) * k,
                    colours.line.lerp_to_gamma(colours.accent, k),
                ),
                text: colours.ink,
                icon: colours.accent,
            }
        };
        self.focus_ring(&response, place);
        (response, look)
    }

    pub(super) fn focus_ring(&self, response: &Response, place: Rect) {
        if response.has_focus() {
            let ring = Stroke::new(stroke::FOCUS, self.palette().accent);
            let corners = CornerRadius::same(radius::CONTROL + 8);
            self.painter().rect_stroke(place.expand(stroke::FOCUS_GAP), corners, ring, StrokeKind::Outside);
        }
    }

    pub(super) fn bed(&self, place: Rect, look: &Look) {
        self.painter().rect(place, CornerRadius::same(radius::CONTROL), look.fill, look.border, StrokeKind::Inside);
    }

    /// The icon of a chip, the blank after it, and the blanks at its start and end.
    fn chip_measures(&self) -> (f32, f32, f32, f32) {
        if self.zoom > 1.0 { (64.0, 20.0, 27.0, 23.0) } else { (48.0, 22.0, 29.0, 31.0) }
    }

    /// The largest type in which each of `labels` fits into a chip of `size`.
    pub fn chip_role<'l>(&mut self, labels: impl Iterator<Item = &'l str>, size: Vec2) -> TypeRole {
        let (icon, gap, start, end) = self.chip_measures();
        let role = if self.zoom > 1.0 {
            TypeRole { size: 30.0, line_height: 38.0, weight: Weight::Medium }.scaled(self.zoom)
        } else {
            TypeRole { line_height: 40.0, ..TypeRole::LABEL }
        };
        let room = vec2(size.x - start - icon - gap - end, size.y - 2.0 * LABEL_MARGIN);
        labels.fold(role, |role, text| {
            let spans = [Span { text, weight: None }];
            self.fitted(&spans, self.language, role, room, Fit::Balance).0
        })
    }

    /// A topic chip. Its label takes up to two lines.
    pub fn chip(&mut self, id: Id, place: Rect, chip: Chip<'_>) -> Response {
        let (icon, gap, start, end) = self.chip_measures();
        let role = chip.role;
        let (response, look) = self.control(id, place, Role::Button, chip.label, false);
        self.bed(place, &look);
        let width = place.width() - start - icon - gap - end;
        let block = self.block(chip.label, role, width, Fit::Balance);
        let lines = block.line_count().min(2);
        let height = lines as f32 * role.line_height;
        self.icon(chip.icon, self.inside(place, start, (place.height() - icon) / 2.0, vec2(icon, icon)), look.icon);
        let text = self.inside(place, start + icon + gap, (place.height() - height) / 2.0, vec2(width, height));
        block.paint_lines(self.painter(), text.min, 0..lines, |_| look.text);
        response
    }

    /// A tool button: an icon above a word.
    pub fn tool(&mut self, id: Id, place: Rect, tool: Tool<'_>) -> Response {
        let is_large = self.zoom > 1.0;
        let (icon, line) = if is_large { (54.0, 40.0) } else { (44.0, 34.0) };
        let micro = TypeRole { line_height: line, size: TypeRole::MICRO.size * self.limited_zoom(), ..TypeRole::MICRO };
        // Beside three others a button is narrower than its large word: the word gives way, down to its normal size.
        let width = self.block(tool.label, micro, f32::INFINITY, Fit::Wrap).text_width();
        let room = place.width() - 2.0 * LABEL_MARGIN;
        let micro = TypeRole { size: (micro.size * (room / width).min(1.0)).max(TypeRole::MICRO.size), ..micro };
        let role = if tool.is_on { Role::Switch } else { Role::Button };
        let (response, look) = self.control(id, place, role, tool.label, tool.is_on);
        self.bed(place, &look);
        let top = place.top() + (place.height() - icon - 2.0 - line) / 2.0;
        let icon_place = Rect::from_center_size(pos2(place.center().x, top + icon / 2.0), vec2(icon, icon));
        self.icon(tool.icon, icon_place, look.icon);
        let text = pos2(place.center().x, top + icon + 2.0 + line / 2.0);
        self.centred(tool.label, self.language, micro, text, look.text);
        response
    }

    /// The language switch of the window. Gives the language that was touched.
    pub fn language_switch(&mut self, place: Rect) -> Option<Language> {
        self.language_choice(Id::unique("language"), place, self.language)
    }

    /// The choice of a language: English left, then Arabic, then the others, in every language. Gives the language that was
    /// touched.
    pub fn language_choice(&mut self, id: Id, place: Rect, chosen: Language) -> Option<Language> {
        const INSET: f32 = 10.0;
        const GAP: f32 = 6.0;
        let colours = self.palette();
        let border = Stroke::new(stroke::CONTROL, colours.line);
        self.painter().rect(place, CornerRadius::same(radius::CONTROL), colours.sunk, border, StrokeKind::Inside);
        let languages = self.words.languages();
        let count = languages.len() as f32;
        let width = (place.width() - 2.0 * INSET - GAP * (count - 1.0)) / count;
        let mut touched = None;
        for (index, language) in languages.iter().copied().enumerate() {
            let left = place.left() + INSET + index as f32 * (width + GAP);
            let segment =
                Rect::from_min_size(pos2(left, place.top() + INSET), vec2(width, place.height() - 2.0 * INSET));
            let is_chosen = language == chosen;
            let name = self.words.get("language.name", language).to_owned();
            // The whole height of the switch can be touched.
            let (response, text) =
                self.switch_segment(id.with(index), segment, vec2(GAP / 2.0, INSET), is_chosen, &name);
            let role = if is_chosen { TypeRole::BUTTON } else { TypeRole::LABEL }.scaled(self.limited_zoom());
            if is_chosen {
                self.check_and_name(segment, &name, language, role, text);
            } else {
                self.centred(&name, language, role, segment.center(), text);
            }
            if response.clicked() && !is_chosen {
                touched = Some(language);
            }
        }
        touched
    }

    /// A check before the name in a chosen segment; the pair stands in the middle and is not mirrored.
    fn check_and_name(&mut self, segment: Rect, name: &str, language: Language, role: TypeRole, colour: Color32) {
        const CHECK: f32 = 32.0;
        const GAP: f32 = 8.0;
        // Beside four tools the segment is narrower than its large word: the word gives way.
        let width = self.block_in(name, language, role, f32::INFINITY, Fit::Wrap).text_width();
        let room = segment.width() - 2.0 * LABEL_MARGIN - CHECK - GAP;
        if role.size * room / width < TypeRole::MICRO.size {
            // Among three languages the colour alone tells which is chosen: the name stays large enough to be read.
            let size = (role.size * (room + CHECK + GAP) / width).clamp(TypeRole::MICRO.size, role.size);
            return self.centred(name, language, TypeRole { size, ..role }, segment.center(), colour);
        }
        let role = TypeRole { size: role.size * (room / width).min(1.0), ..role };
        let block = self.block_in(name, language, role, f32::INFINITY, Fit::Wrap);
        let left = segment.center().x - (CHECK + GAP + block.text_width()) / 2.0;
        let check = Rect::from_center_size(pos2(left + CHECK / 2.0, segment.center().y), vec2(CHECK, CHECK));
        icons::paint(self.painter(), Icon::Check, check, colour, false);
        block.paint(self.painter(), pos2(left + CHECK + GAP, segment.center().y - role.line_height / 2.0), colour);
    }

    /// The one button that leads on, with its words in both languages side by side.
    pub fn primary_button(&mut self, id: Id, place: Rect, icon: Icon, key: &str) -> Response {
        const GAP: f32 = 22.0;
        const ICON: f32 = 48.0;
        let [english, arabic] = Language::SHIPPED.map(|language| self.words.get(key, language).to_owned());
        let response = self.ui.interact(place, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{english} | {arabic}")));
        let colours = self.palette();
        let is_down = response.is_pointer_button_down_on();
        let fill = if is_down { colours.accent_down } else { colours.accent };
        self.painter().rect_filled(place, CornerRadius::same(radius::CONTROL), fill);
        self.focus_ring(&response, place);
        let role = TypeRole::BUTTON;
        let blocks = [
            self.block_in(&english, Language::ENGLISH, role, f32::INFINITY, Fit::Wrap),
            self.block_in("|", Language::ENGLISH, role, f32::INFINITY, Fit::Wrap),
            self.block_in(&arabic, Language::ARABIC, role, f32::INFINITY, Fit::Wrap),
        ];
        let width = ICON + blocks.iter().map(|block| GAP + block.text_width()).sum::<f32>();
        let mut x = place.center().x - width / 2.0;
        let icon_place = Rect::from_center_size(pos2(x + ICON / 2.0, place.center().y), vec2(ICON, ICON));
        icons::paint(self.painter(), icon, icon_place, colours.on_accent, false);
        x += ICON;
        for (index, block) in blocks.iter().enumerate() {
            x += GAP;
            let opacity = if index == 1 { 0.6 } else { 1.0 };
            block.paint(
                self.painter(),
                pos2(x, place.center().y - role.line_height / 2.0),
                colours.on_accent.gamma_multiply(opacity),
            );
            x += block.text_width();
        }
        response
    }
}
