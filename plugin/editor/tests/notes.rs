//! Comments and frames on the canvas: added, moved, sized, edited, coloured and deleted, by pointer and by
//! keys, each in one undo step.

mod rig;

use std::sync::Arc;

use chronus_engine::Request;
use chronus_patch::{Comment, Edit, Frame, ModuleId, Patch, Point, Size};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, Vec2, pos2, vec2};
use rig::Rig;

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const COMMAND: Modifiers = Modifiers::COMMAND;

fn create(id: &str, kind: &str, x: f32, y: f32) -> Request {
    Request::Create { id: id.into(), kind: kind.into(), position: Point { x, y } }
}

fn id(text: &str) -> ModuleId {
    ModuleId::new(text).expect("an id")
}

/// osc → amp, an echo below, a frame "Voice" around osc alone, a comment in it and one beside; at 1x.
fn desk() -> Rig {
    let (from, to) = ("osc.out".into(), "amp.in".into());
    let mut rig = Rig::new(&[
        create("osc", "vco", 0.0, 0.0),
        create("amp", "vca", 400.0, 0.0),
        create("echo", "delay", 0.0, 600.0),
        Request::Connect { from, to, gain: 1.0 },
    ]);
    put_frame(&rig, "voice", "Voice", (-40.0, -100.0), (400.0, 540.0));
    put_comment(&rig, "in", "Inside", (-20.0, 375.0));
    put_comment(&rig, "by", "Beside\nof it all", (420.0, 400.0));
    rig.click("Fit");
    assert_eq!(rig.size("Frame Voice").x, 400.0, "at 1x");
    rig
}

fn put_frame(rig: &Rig, id: &str, title: &str, at: (f32, f32), size: (f32, f32)) {
    let position = Point { x: at.0, y: at.1 };
    let size = Size { w: size.0, h: size.1 };
    let frame = Some(Frame { title: title.into(), position, size, ..Frame::default() });
    rig.engine.arrange(Edit::SetFrame { id: id.into(), frame }).expect("a frame");
}

fn put_comment(rig: &Rig, id: &str, text: &str, at: (f32, f32)) {
    let position = Point { x: at.0, y: at.1 };
    let comment = Some(Comment { text: text.into(), position, ..Comment::default() });
    rig.engine.arrange(Edit::SetComment { id: id.into(), comment }).expect("a comment");
}

impl Rig {
    fn doc(&self) -> Arc<Patch> {
        self.engine.document()
    }

    fn module_at(&self, module: &str) -> Point {
        self.doc().modules[&id(module)].position
    }

    fn frame(&self, id: &str) -> Frame {
        self.doc().frames[id].clone()
    }

    fn comment(&self, id: &str) -> Comment {
        self.doc().comments[id].clone()
    }

    fn undo(&mut self) {
        self.press(COMMAND, Key::Z);
    }

    fn write(&mut self, text: &str) {
        self.send(Event::Text(text.into()));
    }

    #[track_caller]
    fn press_at(&mut self, label: &str, modifiers: Modifiers) {
        let place = self.place(label);
        self.click_at(place, PointerButton::Primary, modifiers);
    }

    #[track_caller]
    fn menu_of(&mut self, label: &str) {
        let place = self.place(label);
        self.click_at(place, PointerButton::Secondary, NONE);
    }

    #[track_caller]
    fn drag_by(&mut self, label: &str, by: Vec2) {
        let place = self.place(label);
        self.drag_between(place, place + by);
    }

    /// A place of the patch in the window, at 1x.
    fn at(&self, x: f32, y: f32) -> Pos2 {
        let (place, size) = (self.place("Frame Voice"), self.size("Frame Voice"));
        place - size / 2.0 + vec2(x + 40.0, y + 100.0)
    }

    fn run(&mut self, command: &str) {
        self.press(COMMAND, Key::K);
        self.write(command.trim_start_matches("Run "));
        self.click(command);
    }
}

fn point(x: f32, y: f32) -> Point {
    Point { x, y }
}

#[test]
fn a_comment_is_added_by_the_ground_s_menu_and_typed_at_once() {
    let mut rig = desk();
    let before = rig.doc();
    let place = rig.at(500.0, 600.0);
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("Add comment");
    assert!(rig.has_focus("Text of comment"));
    rig.write("One");
    rig.press(SHIFT, Key::Enter);
    rig.write("two");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.comment("comment1").text, "One\ntwo");
    assert_eq!(rig.comment("comment1").position, point(500.0, 600.0), "where the menu was");
    assert!(rig.is_selected("Comment One") && rig.has_focus("Patch canvas"));
    assert!(!rig.finds("Text of comment"));
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("Add comment");
    rig.write("never");
    rig.press(NONE, Key::Escape);
    assert!(!rig.finds("Text of comment"));
    assert_eq!(*rig.doc(), *before, "Escape leaves nothing");
}

#[test]
fn texts_and_titles_are_edited_by_f2_enter_and_double_click() {
    let mut rig = desk();
    rig.press_at("Comment Beside", NONE);
    rig.press(NONE, Key::F2);
    rig.write("First");
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.comment("by").text, "First");
    assert_eq!(rig.comment("by").position, point(420.0, 400.0));
    rig.press(NONE, Key::Enter);
    assert!(rig.has_focus("Text of comment"), "Enter opens it, too");
    rig.write("given up");
    rig.press(NONE, Key::Escape);
    assert_eq!(rig.comment("by").text, "First");
    rig.double_click("Comment First");
    rig.write("Third");
    let place = rig.at(700.0, 700.0);
    rig.click_at(place, PointerButton::Primary, NONE);
    assert_eq!(rig.comment("by").text, "Third", "leaving the field takes it");
    rig.undo();
    assert_eq!(rig.comment("by").text, "First", "one step");
    for way in 0..3 {
        let old = rig.frame("voice").title;
        let label = format!("Frame {old}");
        match way {
            0 => rig.double_click(&label),
            _ => {
                rig.press_at(&label, NONE);
                rig.press(NONE, [Key::F2, Key::Enter][way - 1]);
            }
        }
        assert!(rig.has_focus("Title of voice"));
        rig.write(&format!("T{way}"));
        rig.press(NONE, Key::Enter);
        assert_eq!(rig.frame("voice").title, format!("T{way}"));
        assert!(rig.finds(&format!("Frame T{way}")) && rig.finds(&format!("Resize T{way}")));
        rig.undo();
        assert_eq!(rig.frame("voice").title, old, "one step");
        rig.press(COMMAND, Key::Y);
    }
}

#[test]
fn an_emptied_comment_is_deleted_and_a_frame_without_a_title_has_its_id() {
    let mut rig = desk();
    rig.press_at("Comment Inside", NONE);
    rig.press(NONE, Key::F2);
    rig.press(NONE, Key::Backspace);
    rig.press(NONE, Key::Enter);
    assert_eq!(rig.doc().comments.get("in"), None);
    assert!(!rig.finds("Comment Inside"));
    rig.undo();
    assert_eq!(rig.comment("in").text, "Inside", "one step");
    rig.press_at("Frame Voice", NONE);
    rig.press(NONE, Key::F2);
    rig.press(NONE, Key::Backspace);
    rig.press(NONE, Key::Enter);
    assert!(rig.finds("Frame voice"));
}

#[test]
fn a_frame_is_added_and_named_in_one_step() {
    let mut rig = desk();
    let before = rig.doc();
    let place = rig.at(400.0, 500.0);
    rig.click_at(place, PointerButton::Secondary, NONE);
    rig.click("Add frame");
    assert!(rig.has_focus("Title of frame1"));
    rig.write("Echoes");
    rig.press(NONE, Key::Enter);
    assert!(rig.is_selected("Frame Echoes"));
    assert_eq!(rig.frame("frame1").position, point(400.0, 500.0));
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
}

#[test]
fn a_frame_goes_around_what_is_selected() {
    let mut rig = desk();
    let before = rig.doc();
    let header = rig.place("Module amp") - vec2(0.0, rig.size("Module amp").y / 2.0 - 8.0);
    rig.click_at(header, PointerButton::Primary, NONE);
    rig.press_at("Comment Beside", SHIFT);
    rig.press(SHIFT, Key::F);
    assert!(rig.has_focus("Title of frame1"));
    rig.press(NONE, Key::Enter);
    let frame = rig.frame("frame1");
    assert!(frame.position.x < 400.0 && frame.position.y < -26.0, "{frame:?}");
    let right = 400.0 + rig.size("Module amp").x.max(20.0 + rig.size("Comment Beside").x);
    assert!(frame.position.x + frame.size.w > right, "{frame:?}");
    let bottom = 400.0 + rig.size("Comment Beside").y;
    assert!(frame.position.y + frame.size.h > bottom, "{frame:?}");
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
}

#[test]
fn a_frame_takes_along_what_lies_wholly_in_it() {
    let mut rig = desk();
    let before = rig.doc();
    // What is half in it stays.
    rig.drag_by("Comment Beside", vec2(-80.0, -30.0));
    assert_eq!(rig.comment("by").position, point(340.0, 370.0));
    rig.drag_by("Frame Voice", vec2(30.0, 50.0));
    assert_eq!(rig.frame("voice").position, point(-10.0, -50.0));
    assert_eq!(rig.module_at("osc"), point(30.0, 50.0));
    assert_eq!(rig.comment("in").position, point(10.0, 425.0));
    assert_eq!(rig.module_at("amp"), point(400.0, 0.0));
    assert_eq!(rig.module_at("echo"), point(0.0, 600.0));
    assert_eq!(rig.comment("by").position, point(340.0, 370.0));
    assert!(rig.is_selected("Frame Voice") && !rig.is_selected("Module osc"));
    rig.undo();
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step each");
}

#[test]
fn a_module_in_a_frame_is_moved_alone() {
    let mut rig = desk();
    let header = rig.place("Module osc") - vec2(0.0, rig.size("Module osc").y / 2.0 - 8.0);
    rig.drag_between(header, header + vec2(10.0, 20.0));
    assert_eq!(rig.module_at("osc"), point(10.0, 20.0));
    assert_eq!(rig.frame("voice").position, point(-40.0, -100.0));
}

#[test]
fn comments_and_modules_are_dragged_together() {
    let mut rig = desk();
    let before = rig.doc();
    rig.press_at("Comment Beside", NONE);
    let header = rig.place("Module amp") - vec2(0.0, rig.size("Module amp").y / 2.0 - 8.0);
    rig.click_at(header, PointerButton::Primary, SHIFT);
    assert!(rig.is_selected("Comment Beside") && rig.is_selected("Module amp"));
    rig.drag_by("Comment Beside", vec2(50.0, 40.0));
    assert_eq!(rig.comment("by").position, point(470.0, 440.0));
    assert_eq!(rig.module_at("amp"), point(450.0, 40.0));
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
}

#[test]
fn a_frame_is_sized_by_its_corner() {
    let mut rig = desk();
    let before = rig.doc();
    rig.drag_by("Resize Voice", vec2(60.0, 30.0));
    assert_eq!(rig.frame("voice").size, Size { w: 460.0, h: 570.0 });
    assert_eq!(rig.frame("voice").position, point(-40.0, -100.0));
    assert_eq!(rig.module_at("osc"), point(0.0, 0.0));
    rig.drag_by("Resize Voice", vec2(-800.0, -800.0));
    let least = rig.frame("voice").size;
    assert!(least.w >= 60.0 && least.w < 200.0 && least.h >= 40.0 && least.h < 200.0, "{least:?}");
    rig.undo();
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step each");
}

#[test]
fn arrows_nudge_and_are_one_step() {
    let mut rig = desk();
    let before = rig.doc();
    rig.press_at("Comment Beside", NONE);
    for key in [Key::ArrowRight, Key::ArrowRight, Key::ArrowDown] {
        rig.press(NONE, key);
    }
    assert_eq!(rig.comment("by").position, point(440.0, 410.0));
    rig.undo();
    assert_eq!(*rig.doc(), *before);
    rig.press_at("Frame Voice", NONE);
    rig.press(NONE, Key::ArrowDown);
    rig.press(NONE, Key::ArrowDown);
    assert_eq!(rig.frame("voice").position, point(-40.0, -80.0));
    assert_eq!(rig.module_at("osc"), point(0.0, 20.0), "its contents with it");
    rig.undo();
    assert_eq!(*rig.doc(), *before);
}

#[test]
fn a_nudged_frame_does_not_pick_up_what_it_passes() {
    let mut rig = desk();
    put_comment(&rig, "edge", "Edge", (-20.0, 425.0));
    rig.step();
    rig.press_at("Frame Voice", NONE);
    for _ in 0..6 {
        rig.press(NONE, Key::ArrowDown);
    }
    assert_eq!(rig.frame("voice").position, point(-40.0, -40.0));
    assert_eq!(rig.comment("edge").position, point(-20.0, 425.0));
}

#[test]
fn boxes_and_select_all_take_them_and_delete_deletes_them() {
    let mut rig = desk();
    let before = rig.doc();
    // From below the frame's title to beside it: the frame does not lie in it.
    let (from, to) = (rig.at(-30.0, 310.0), rig.at(700.0, 500.0));
    rig.drag_between(from, to);
    assert!(rig.is_selected("Comment Inside") && rig.is_selected("Comment Beside"));
    assert!(!rig.is_selected("Frame Voice"));
    let (from, to) = (rig.at(-70.0, -130.0), rig.at(370.0, 460.0));
    rig.drag_between(from, to);
    assert!(rig.is_selected("Frame Voice") && rig.is_selected("Module osc"));
    assert!(rig.is_selected("Comment Inside") && !rig.is_selected("Comment Beside"));
    rig.press(NONE, Key::Delete);
    rig.until("it plays", |rig| rig.playing().modules.len() == 2);
    let patch = rig.doc();
    assert!(patch.frames.is_empty() && patch.comments.len() == 1);
    rig.undo();
    rig.until("one step", |rig| *rig.playing() == *before);
    rig.press(COMMAND, Key::A);
    for label in ["Frame Voice", "Comment Inside", "Comment Beside", "Module amp"] {
        assert!(rig.is_selected(label), "{label}");
    }
    rig.press(NONE, Key::Escape);
    rig.press_at("Frame Voice", NONE);
    rig.press(NONE, Key::Delete);
    assert!(rig.doc().frames.is_empty());
    assert_eq!((rig.doc().modules.len(), rig.doc().comments.len()), (3, 2), "what is in it stays");
    rig.undo();
    assert_eq!(*rig.doc(), *before);
}

#[test]
fn they_are_cut_and_pasted_with_what_lies_in_them() {
    let mut rig = desk();
    let before = rig.doc();
    rig.press_at("Frame Voice", NONE);
    let text = rig.send(Event::Cut).expect("something in the clipboard");
    rig.until("the oscillator is gone", |rig| rig.playing().modules.len() == 2);
    assert_eq!((rig.doc().frames.len(), rig.doc().comments.len()), (0, 1));
    rig.undo();
    rig.until("one step", |rig| *rig.playing() == *before);
    rig.send(Event::Paste(text));
    rig.until("there are two", |rig| rig.playing().modules.len() == 4);
    assert_eq!((rig.doc().frames.len(), rig.doc().comments.len()), (2, 3));
    assert!(rig.is_selected("Module osc1") && rig.is_selected("Frame Voice (voice1)"));
    let moved = |from: Point, to: Point| (to.x - from.x, to.y - from.y);
    let frame = moved(rig.frame("voice").position, rig.frame("voice1").position);
    assert_eq!(moved(rig.module_at("osc"), rig.module_at("osc1")), frame);
    assert_eq!(moved(rig.comment("in").position, rig.comment("in1").position), frame);
}

#[test]
fn a_duplicated_frame_stands_beside_its_original_and_holds_its_own() {
    let mut rig = desk();
    put_frame(&rig, "all", "All", (-60.0, -140.0), (900.0, 1200.0));
    rig.click("Fit");
    rig.press_at("Frame All", NONE);
    rig.press(COMMAND, Key::D);
    rig.until("there are six", |rig| rig.playing().modules.len() == 6);
    let before = ["osc", "amp", "echo"].map(|id| rig.module_at(id));
    let copies = ["osc1", "amp1", "echo1"].map(|id| rig.module_at(id));
    assert!(copies.iter().zip(before).all(|(copy, from)| copy.x > from.x + 900.0));
    rig.press(NONE, Key::ArrowRight);
    assert_eq!(["osc", "amp", "echo"].map(|id| rig.module_at(id)), before, "they stay");
    assert!(rig.module_at("amp1").x > copies[1].x);
    rig.press(COMMAND, Key::D);
    rig.until("there are nine", |rig| rig.playing().modules.len() == 9);
}

#[test]
fn a_comment_alone_is_copied_without_a_commit() {
    let mut rig = desk();
    let commits = rig.engine.counters().commits.load(std::sync::atomic::Ordering::Relaxed);
    let before = rig.doc();
    rig.press_at("Comment Beside", NONE);
    rig.press(COMMAND, Key::D);
    assert_eq!(rig.comment("by1").text, rig.comment("by").text);
    assert!(rig.is_selected("Comment Beside (by1)") && !rig.is_selected("Comment Beside"));
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
    let after = rig.engine.counters().commits.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(after, commits);
}

#[test]
fn a_frame_has_its_colour_from_its_menu() {
    let mut rig = desk();
    let before = rig.doc();
    rig.menu_of("Frame Voice");
    rig.click("Colour of Filters: Frame Voice");
    assert!(rig.frame("voice").colour.is_some());
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
    rig.menu_of("Comment Beside");
    assert!(rig.finds("Edit text: Comment Beside"));
    assert!(!rig.finds("Colour of Filters: Comment Beside"), "a comment has none");
    rig.click("Delete: Comment Beside");
    assert!(!rig.doc().comments.contains_key("by"));
}

#[test]
fn all_of_it_goes_by_keys_alone() {
    let mut rig = desk();
    rig.press_at("Frame Voice", NONE);
    rig.run("Run Add comment");
    assert!(rig.has_focus("Text of comment"));
    rig.write("By keys");
    rig.press(NONE, Key::Enter);
    assert!(rig.is_selected("Comment By keys"));
    rig.run("Select frame Voice");
    assert!(rig.is_selected("Frame Voice") && rig.has_focus("Patch canvas"));
    rig.press(SHIFT, Key::F10);
    assert!(rig.finds("Edit text: Frame Voice"));
    rig.press(NONE, Key::Escape);
    rig.wheel(vec2(-3000.0, 0.0), NONE);
    assert!(!rig.finds("Comment By keys"), "culled out of view");
    rig.run("Select comment By keys");
    assert!(rig.is_selected("Comment By keys"), "brought into view");
    rig.run("Run Add frame");
    rig.write("Room");
    rig.press(NONE, Key::Enter);
    assert!(rig.is_selected("Frame Room"));
}

#[test]
fn fit_and_the_minimap_count_them() {
    let mut rig = desk();
    assert!(!rig.finds("Minimap"));
    put_comment(&rig, "far", "Far away", (3000.0, 200.0));
    rig.step();
    assert!(rig.finds("Minimap") && !rig.finds("Comment Far away"));
    rig.click("Fit");
    assert!(rig.finds("Comment Far away") && !rig.finds("Minimap"));
    let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(1200.0, 2000.0));
    assert!(screen.contains(rig.place("Comment Far away")));
}

#[test]
fn far_away_there_are_shapes_and_titles_only() {
    let mut rig = desk();
    assert!(rig.finds("Resize Voice"));
    for _ in 0..6 {
        rig.click("Zoom out");
    }
    assert!(rig.finds("Frame Voice") && rig.finds("Comment Beside"));
    assert!(!rig.finds("Resize Voice"));
    assert!(rig.size("Frame Voice").y >= 16.0, "its title can still be read");
    rig.drag_by("Frame Voice", vec2(26.0, 0.0));
    assert!(rig.frame("voice").position.x > 0.0, "and taken");
}

#[test]
fn auto_layout_leaves_comments_and_fits_frames_anew() {
    let mut rig = desk();
    let size = rig.size("Module osc");
    put_frame(&rig, "empty", "Empty", (900.0, 900.0), (200.0, 100.0));
    rig.click("Fit");
    let before = rig.doc();
    rig.click("Arrange");
    let patch = rig.doc();
    assert!(patch.modules != before.modules, "something has moved");
    assert_eq!(patch.comments, before.comments);
    assert_eq!(patch.frames["empty"], before.frames["empty"]);
    let (frame, osc) = (rig.frame("voice"), rig.module_at("osc"));
    assert_eq!(frame.position, point(osc.x - 20.0, osc.y - 20.0 - 26.0));
    assert_eq!((frame.size.w, frame.size.h), (size.x + 40.0, size.y + 40.0 + 26.0));
    rig.undo();
    assert_eq!(*rig.doc(), *before, "one step");
}
