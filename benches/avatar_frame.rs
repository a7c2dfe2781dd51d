//! What one frame of the avatar costs the processor, without the graphics driver: `cargo bench --bench avatar_frame`
//! (`--profile dev` for the profile the tests use).
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::time::{Duration, Instant};

use eframe::egui::{self, Context, LayerId, Pos2, RawInput, Rect, vec2};
use majlis::{
    audio::VoiceFeatures,
    ui::{
        avatar,
        layout::Layout,
        motion::{Animator, AvatarState, Inputs},
        stage::{Scene, rasterise},
        tokens::Theme,
    },
};

const FRAMES: u32 = 600;

fn main() {
    let size = vec2(1080.0, 1920.0);
    let niche = Layout::new(size, false, false).niche;
    let scene = Scene { theme: Theme::Day, niche: Some(niche), is_cool: false };
    let start = Instant::now();
    let image = rasterise(&scene, [1080, 1920], 1.0);
    println!("still stage, 1080 × 1920, once: {:.1?} for {} pixels", start.elapsed(), image.pixels.len());

    let context = Context::default();
    for state in [AvatarState::Idle, AvatarState::Listening, AvatarState::Thinking, AvatarState::Speaking] {
        let mut animator = Animator::new(fastrand::Rng::with_seed(5), Duration::ZERO);
        let (mut moving, mut painting, mut tessellating) = (Vec::new(), Vec::new(), Vec::new());
        let mut vertices = 0;
        for frame in 0..FRAMES {
            let loudness = (frame as f32 * 0.3).sin().abs();
            let voice = VoiceFeatures { loudness, jaw: loudness, spread: 0.2, open_vowel: 0.1, hiss: 0.0 };
            let inputs = Inputs { state, level: loudness, voice, ..Inputs::default() };
            let start = Instant::now();
            let pose = animator.advance(Duration::from_millis(33) * frame, &inputs);
            moving.push(start.elapsed());
            let input = RawInput { screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)), ..RawInput::default() };
            let mut painted = Duration::ZERO;
            let mut output = context.run_ui(input, |ui: &mut egui::Ui| {
                let painter = ui.ctx().layer_painter(LayerId::background());
                let start = Instant::now();
                let colours = pose.lamp.colours(Theme::Day);
                avatar::paint(&painter, niche.avatar_centre, niche.avatar_radius, &pose, &colours);
                painted = start.elapsed();
            });
            painting.push(painted);
            // Nobody draws: the font's texture is not needed.
            output.textures_delta.clear();
            let start = Instant::now();
            let primitives = context.tessellate(output.shapes, 1.0);
            tessellating.push(start.elapsed());
            vertices = primitives
                .iter()
                .map(|primitive| match &primitive.primitive {
                    egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
                    egui::epaint::Primitive::Callback(_) => 0,
                })
                .sum();
        }
        println!(
            "{state:?}: pose {}, paint {}, tessellate {}, {vertices} vertices",
            quantiles(&mut moving),
            quantiles(&mut painting),
            quantiles(&mut tessellating),
        );
    }
}

fn quantiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |k: usize| times.get(times.len() * k / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    format!("{:.3} ms (p99 {:.3})", at(50), at(99))
}
