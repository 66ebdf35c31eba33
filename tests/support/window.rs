//! The client's window on a screen of its own: keys, clicks, the clipboard, pictures.
//!
//! Everything goes through the X server, as it would for a person: `xdotool` presses keys, `xclip` holds the
//! clipboard, `import` (ImageMagick) takes the pictures.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::errors::ReplyError;
use x11rb::properties::WmHints;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask,
    ImageFormat, InputFocus, MapState, PropMode, SELECTION_NOTIFY_EVENT, SelectionNotifyEvent,
    SelectionRequestEvent, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use common::discovery::PORT_VARIABLE;

use crate::PATIENCE;
use crate::program::{DATA_VARIABLE, Program, binary};
use crate::xvfb::Xvfb;

/// What the client takes its look from, whatever is remembered.
const THEME_VARIABLE: &str = "MESSAGERIE_THEME";
/// The edge of a field, and of the demonstration's bar.
const BORDER: u32 = 0x767E8A;
/// More than a caret that comes and goes, less than any letter.
const CARET_PIXELS: usize = 50;
/// How often something is looked at that tells nobody when it changes.
const GLANCE: Duration = Duration::from_millis(20);

/// What the window's tests need, and the Debian package that has it.
const TOOLS: [(&str, &str); 3] = [("xdotool", "xdotool"), ("xclip", "xclip"), ("import", "imagemagick")];

/// A screen, and a home directory whose settings nobody else sees.
#[derive(Debug)]
pub struct Desktop {
    server: Xvfb,
    home: PathBuf,
    density: u32,
}

impl Desktop {
    /// An empty screen.
    ///
    /// # Panics
    /// If a Debian package is missing; the message names it.
    pub fn start() -> Desktop {
        Desktop::of_size(1280, 800)
    }

    /// An empty screen of that size.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn of_size(w: u32, h: u32) -> Desktop {
        Desktop::new(w, h, 1)
    }

    /// A screen of so many times the usual density, which is larger in pixels by as much.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub fn with_density(density: u32) -> Desktop {
        Desktop::new(1280 * density, 800 * density, density)
    }

    fn new(w: u32, h: u32, density: u32) -> Desktop {
        for (tool, package) in TOOLS {
            let found =
                Command::new(tool).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            assert!(found.is_ok(), "{tool} is missing: install the Debian package {package}");
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("messagerie-{}-{number}", std::process::id()));
        fs::create_dir_all(&home).unwrap();
        let server = Xvfb::start(w, h).unwrap_or_else(|error| panic!("{error}"));
        Desktop { server, home, density }
    }

    /// Where the window keeps its settings.
    pub fn settings_file(&self) -> PathBuf {
        self.home.join("messagerie/fenetre.conf")
    }

    /// Where clients keep what they remember.
    pub fn data_folder(&self) -> &Path {
        &self.home
    }

    /// Takes the place of the program that opens links, and of the one that writes mail: what was to be opened is
    /// written into the file that is returned.
    pub fn catch_links(&self) -> PathBuf {
        let caught = self.home.join("ouvert");
        for tool in ["xdg-open", "xdg-email"] {
            let tool = self.home.join(tool);
            fs::write(&tool, format!("#!/bin/sh\nprintf '%s\\n' \"$1\" >> '{}'\n", caught.display()))
                .unwrap();
            fs::set_permissions(&tool, fs::Permissions::from_mode(0o700)).unwrap();
        }
        caught
    }

    /// Starts `client` on this screen, without waiting for a window.
    pub fn start_client(&self, args: &[&str]) -> Program {
        Program::spawn(self.command(args).env_remove(THEME_VARIABLE))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(binary("client"));
        command.args(args).env("LC_ALL", "C.UTF-8").env("XDG_CONFIG_HOME", &self.home);
        command.env("FONTCONFIG_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/support/fonts.conf"));
        command.env(DATA_VARIABLE, self.data_folder());
        command.env("FLTK_SCALING_FACTOR", self.density.to_string());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.home.display()));
        self.on_screen(&mut command);
        command
    }

    /// Starts `client` and waits for its window, which gets the focus.
    pub fn client(&self, args: &[&str]) -> Window<'_> {
        self.window_of(self.start_client(args))
    }

    /// Starts another program on this screen and waits for its window, which gets the focus.
    pub fn open(&self, command: &mut Command) -> Window<'_> {
        self.window_of(Program::spawn(self.on_screen(command)))
    }

    /// Starts `client` in the look of that name, whatever is remembered.
    pub fn client_with_theme(&self, theme: &str, args: &[&str]) -> Window<'_> {
        self.window_of(Program::spawn(self.command(args).env(THEME_VARIABLE, theme)))
    }

    /// The same, looking for servers, or being found, at that UDP port.
    pub fn client_with_discovery(&self, port: u16, args: &[&str]) -> Window<'_> {
        self.window_of(Program::spawn(self.command(args).env(PORT_VARIABLE, port.to_string())))
    }

    fn window_of(&self, program: Program) -> Window<'_> {
        let id = self.wait_for_windows(&program, 1)[0];
        let window = Window { desktop: self, id, program: Some(program) };
        window.focus();
        window
    }

    /// The windows of a program, once there are `count` of them, from left to right.
    pub fn windows(&self, program: &Program, count: usize) -> Vec<Window<'_>> {
        let mut windows: Vec<_> = self
            .wait_for_windows(program, count)
            .into_iter()
            .map(|id| Window { desktop: self, id, program: None })
            .collect();
        windows.sort_by_key(|window| window.geometry().0);
        windows
    }

    fn wait_for_windows(&self, program: &Program, count: usize) -> Vec<u32> {
        let mut ids = Vec::new();
        wait_until("the client's window", || {
            assert_eq!(program.err.text(), "", "the client has something to say");
            ids = self.visible_windows(program.id());
            ids.len() >= count
        });
        ids
    }

    /// The windows that process has on the screen now.
    pub fn visible_windows(&self, process: u32) -> Vec<u32> {
        let output = self.run("xdotool", &["search", "--onlyvisible", "--pid", &process.to_string()]);
        output.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Starts `client` on this screen, on which it calls by way of `display`.
    pub fn start_client_on(&self, display: &str, args: &[&str]) -> Program {
        Program::spawn(self.command(args).env("DISPLAY", display))
    }

    /// The X server's name.
    pub fn display(&self) -> &str {
        self.server.display()
    }

    /// What was selected last, pasted with the middle button.
    pub fn selection(&self) -> String {
        self.run("xclip", &["-selection", "primary", "-out"])
    }

    /// What is in the clipboard.
    pub fn clipboard(&self) -> String {
        self.run("xclip", &["-selection", "clipboard", "-out"])
    }

    /// Puts something into the clipboard.
    pub fn set_clipboard(&self, text: &str) {
        self.give_to_xclip("clipboard", text);
    }

    /// Has another program select something.
    pub fn set_selection(&self, text: &str) {
        self.give_to_xclip("primary", text);
    }

    fn give_to_xclip(&self, selection: &str, text: &str) {
        let file = self.home.join("clipboard");
        fs::write(&file, text).unwrap();
        // It stays behind, to answer whoever pastes; its outputs must not keep ours open.
        let status = self
            .on_screen(Command::new("xclip").args(["-selection", selection, "-in"]).arg(&file))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "xclip takes the text");
    }

    /// Keeps what was copied when a program hands it over at its end, as a desktop's clipboard manager does. One text
    /// comes through the channel.
    pub fn keep_clipboard(&self) -> Receiver<String> {
        let (connection, root) = self.connect();
        let atom = |name| atom(&connection, name);
        let (manager, clipboard) = (atom("CLIPBOARD_MANAGER"), atom("CLIPBOARD"));
        let (utf8, property) = (atom("UTF8_STRING"), atom("GARDE"));
        let own = connection.generate_id().unwrap();
        let (class, none) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
        connection.create_window(0, own, root, 0, 0, 1, 1, 0, class, 0, &none).unwrap();
        connection.set_selection_owner(own, manager, x11rb::CURRENT_TIME).unwrap();
        connection.sync().unwrap();
        let (kept, wait) = mpsc::channel();
        std::thread::spawn(move || {
            let mut asked = None;
            while let Ok(event) = connection.wait_for_event() {
                match event {
                    Event::SelectionRequest(request) => {
                        asked = Some(request);
                        connection.convert_selection(own, clipboard, utf8, property, x11rb::CURRENT_TIME)?;
                    }
                    Event::SelectionNotify(_) => {
                        let text = connection.get_property(true, own, property, utf8, 0, 1 << 20)?.reply()?;
                        // Nobody waits after the test.
                        let _ = kept.send(String::from_utf8_lossy(&text.value).into_owned());
                        let Some(SelectionRequestEvent { requestor, target, .. }) = asked else { continue };
                        let done = SelectionNotifyEvent {
                            response_type: SELECTION_NOTIFY_EVENT,
                            sequence: 0,
                            time: x11rb::CURRENT_TIME,
                            requestor,
                            selection: manager,
                            target,
                            property: target,
                        };
                        connection.send_event(false, requestor, EventMask::NO_EVENT, done)?;
                    }
                    _ => {}
                }
                connection.flush()?;
            }
            Ok::<(), ReplyError>(())
        });
        wait
    }

    /// Takes a picture of the whole screen, kept in `target/screenshots`.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let file = screenshots().join(name).with_extension("png");
        self.run("import", &["-window", "root", &file.display().to_string()]);
        file
    }

    fn on_screen<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        // FLTK would prefer a Wayland session.
        command.env("DISPLAY", self.server.display()).env("FLTK_BACKEND", "x11")
    }

    /// Runs a tool on this screen; its output, also when it fails.
    fn run(&self, tool: &str, args: &[&str]) -> String {
        let output = self.on_screen(Command::new(tool).args(args)).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn connect(&self) -> (RustConnection, u32) {
        let (connection, screen) = x11rb::connect(Some(self.server.display())).unwrap();
        let root = connection.setup().roots[screen].root;
        (connection, root)
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// A window of the client.
#[derive(Debug)]
pub struct Window<'a> {
    desktop: &'a Desktop,
    id: u32,
    program: Option<Program>,
}

impl Window<'_> {
    /// The process behind it.
    pub fn program(&mut self) -> &mut Program {
        self.program.as_mut().expect("a window with a program of its own")
    }

    fn xdotool(&self, action: &[&str]) -> String {
        let id = self.id.to_string();
        let args: Vec<&str> = action.iter().map(|word| if *word == "WINDOW" { &id } else { *word }).collect();
        self.desktop.run("xdotool", &args)
    }

    /// Puts it in front: keys go there.
    pub fn focus(&self) {
        self.xdotool(&["windowfocus", "--sync", "WINDOW"]);
    }

    /// Takes the focus away from it, and from every other one, and waits until its entry field shows that.
    pub fn unfocus(&self) {
        let (connection, root) = self.desktop.connect();
        connection.set_input_focus(InputFocus::NONE, root, x11rb::CURRENT_TIME).unwrap();
        connection.sync().unwrap();
        let (w, h) = (self.geometry().2, self.geometry().3);
        wait_until("a field without the focus", || self.pixels(BORDER, Some((0, h - 60, w, 60))) as i32 > w);
    }

    /// Presses keys, one after the other, as xdotool calls them: `Return`, `shift+Return`.
    pub fn press(&self, keys: &[&str]) {
        let mut action = vec!["key", "--delay", "15"];
        action.extend(keys);
        self.xdotool(&action);
    }

    /// Types ASCII text.
    pub fn type_text(&self, text: &str) {
        assert!(
            text.is_ascii(),
            "xdotool changes the keyboard for other characters, too late at times: paste"
        );
        self.xdotool(&["type", "--delay", "8", text]);
    }

    /// Types a line and Enter.
    pub fn type_line(&self, text: &str) {
        self.type_text(text);
        self.press(&["Return"]);
    }

    /// The same for many short ones.
    pub fn type_lines(&self, texts: &[String]) {
        let lines =
            texts.iter().flat_map(|text| ["type", "--delay", "8", "--args", "1", text, "key", "Return"]);
        self.xdotool(&lines.collect::<Vec<_>>());
    }

    /// Pastes any text that is seen then. It comes from another program: a key pressed at once could overtake it.
    pub fn paste(&self, text: &str) {
        self.desktop.set_clipboard(text);
        let before = self.picture(None);
        self.press(&["ctrl+v"]);
        wait_until("what was pasted", || {
            let now = self.picture(None);
            now.iter().zip(&before).filter(|(now, before)| now != before).count() > CARET_PIXELS
        });
    }

    /// Clicks at a place in the window.
    pub fn click(&self, x: i32, y: i32) {
        self.xdotool(&["mousemove", "--window", "WINDOW", &x.to_string(), &y.to_string(), "click", "1"]);
    }

    /// Clicks several times in a row at a place in the window.
    pub fn click_times(&self, times: u32, x: i32, y: i32) {
        let (x, y, times) = (x.to_string(), y.to_string(), times.to_string());
        let go = ["mousemove", "--window", "WINDOW", &x, &y];
        self.xdotool(&[&go[..], &["click", "--repeat", &times, "--delay", "40", "1"]].concat());
    }

    /// Clicks with that button at a place in the window: 2 is the middle one.
    pub fn click_with(&self, button: u32, x: i32, y: i32) {
        self.move_pointer(x, y);
        self.xdotool(&["click", &button.to_string()]);
    }

    /// The same with Ctrl held.
    pub fn wheel_with_ctrl(&self, button: u32, x: i32, y: i32) {
        self.move_pointer(x, y);
        self.xdotool(&["keydown", "ctrl", "click", &button.to_string(), "keyup", "ctrl"]);
    }

    /// Turns the wheel by so many notches at a place in the window, up (4) or down (5).
    pub fn wheel(&self, button: u32, x: i32, y: i32, notches: u32) {
        self.move_pointer(x, y);
        self.xdotool(&["click", "--repeat", &notches.to_string(), "--delay", "10", &button.to_string()]);
    }

    /// Holds the left button from one place in the window to another.
    pub fn drag(&self, from: (i32, i32), to: (i32, i32)) {
        self.move_pointer(from.0, from.1);
        self.xdotool(&["mousedown", "1"]);
        self.move_pointer(i32::midpoint(from.0, to.0), i32::midpoint(from.1, to.1));
        self.move_pointer(to.0, to.1);
        self.xdotool(&["mouseup", "1"]);
    }

    /// Moves the pointer to a place in the window.
    pub fn move_pointer(&self, x: i32, y: i32) {
        self.xdotool(&["mousemove", "--window", "WINDOW", &x.to_string(), &y.to_string()]);
    }

    /// Opens the menu of the right mouse button at a place in the window; how high it is.
    pub fn open_menu(&self, x: i32, y: i32) -> i32 {
        self.xdotool(&["mousemove", "--window", "WINDOW", &x.to_string(), &y.to_string(), "click", "3"]);
        self.wait_for_own_windows("the menu", 2);
        let windows = self.desktop.visible_windows(self.process());
        let id = windows.into_iter().find(|id| *id != self.id).expect("the menu");
        Window { desktop: self.desktop, id, program: None }.geometry().3
    }

    /// Chooses from the menu of the discussion; what is impossible at the moment does not count.
    pub fn choose_from_main_menu(&self, place: usize) {
        self.press(&["alt+p"]);
        self.wait_for_own_windows("the menu", 2);
        self.press(&vec!["Down"; place]);
        self.close_menu("Return");
    }

    /// Presses a key that closes the menu.
    pub fn close_menu(&self, key: &str) {
        self.press(&[key]);
        self.wait_for_own_windows("no menu", 1);
    }

    fn wait_for_own_windows(&self, what: &str, count: usize) {
        wait_until(what, || self.desktop.visible_windows(self.process()).len() == count);
    }

    fn process(&self) -> u32 {
        self.program.as_ref().expect("a window with a program of its own").id()
    }

    /// Its title.
    pub fn title(&self) -> String {
        self.xdotool(&["getwindowname", "WINDOW"]).trim_end().to_owned()
    }

    /// Waits for a title.
    #[track_caller]
    pub fn wait_for_title(&self, title: &str) {
        wait_for(&format!("the title « {title} »"), || {
            let last = self.title();
            if last == title { Ok(()) } else { Err(format!("the title is « {last} »")) }
        });
    }

    /// Where it is, and its size: x, y, width, height.
    pub fn geometry(&self) -> (i32, i32, i32, i32) {
        let text = self.xdotool(&["getwindowgeometry", "--shell", "WINDOW"]);
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {key} in {text:?}"))
        };
        (value("X="), value("Y="), value("WIDTH="), value("HEIGHT="))
    }

    /// Gives it another size.
    pub fn resize(&self, w: i32, h: i32) {
        self.xdotool(&["windowsize", "--sync", "WINDOW", &w.to_string(), &h.to_string()]);
    }

    /// Has it look maximized, as a window manager does, which has made it as large as the screen.
    pub fn say_that_it_is_maximized(&self) {
        let (connection, _) = self.desktop.connect();
        let atom = |name| atom(&connection, name);
        let (property, states) = (
            atom("_NET_WM_STATE"),
            [atom("_NET_WM_STATE_MAXIMIZED_HORZ"), atom("_NET_WM_STATE_MAXIMIZED_VERT")],
        );
        connection.change_property32(PropMode::REPLACE, self.id, property, AtomEnum::ATOM, &states).unwrap();
        connection.sync().unwrap();
    }

    /// Whether it is on the screen.
    pub fn is_visible(&self) -> bool {
        let (connection, _) = self.desktop.connect();
        let attributes = connection.get_window_attributes(self.id).unwrap().reply();
        attributes.is_ok_and(|attributes| attributes.map_state == MapState::VIEWABLE)
    }

    /// Whether it asks the window manager for attention.
    pub fn is_urgent(&self) -> bool {
        let (connection, _) = self.desktop.connect();
        let hints = WmHints::get(&connection, self.id).unwrap().reply().unwrap();
        hints.is_some_and(|hints| hints.urgent)
    }

    /// Gives what tells whether it has asked for attention since, as some programs do: not by a hint, but by a message to
    /// the window manager.
    pub fn watch_for_calls(&self) -> impl FnMut() -> bool + use<> {
        let (connection, root) = self.desktop.connect();
        let events = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection.change_window_attributes(root, &events).unwrap();
        connection.sync().unwrap();
        let state = atom(&connection, "_NET_WM_STATE");
        let call = [1, atom(&connection, "_NET_WM_STATE_DEMANDS_ATTENTION")];
        let id = self.id;
        move || {
            let is_call = |event| {
                matches!(event, x11rb::protocol::Event::ClientMessage(message)
                    if message.window == id && message.type_ == state && message.data.as_data32()[..2] == call)
            };
            std::iter::from_fn(|| connection.poll_for_event().unwrap()).any(is_call)
        }
    }

    /// Asks it to close, as a window manager does when its cross is clicked.
    pub fn close(&self) {
        let (connection, _) = self.desktop.connect();
        let atom = |name| atom(&connection, name);
        let message = ClientMessageEvent::new(
            32,
            self.id,
            atom("WM_PROTOCOLS"),
            [atom("WM_DELETE_WINDOW"), 0, 0, 0, 0],
        );
        connection.send_event(false, self.id, EventMask::NO_EVENT, message).unwrap();
        connection.sync().unwrap();
    }

    /// Its icon, as it stands in a list of windows: width, height, and each pixel as `0xAARRGGBB`.
    pub fn icon(&self) -> Vec<u32> {
        let (connection, _) = self.desktop.connect();
        let property = atom(&connection, "_NET_WM_ICON");
        let reply = connection.get_property(false, self.id, property, AtomEnum::CARDINAL, 0, 1 << 20);
        reply.unwrap().reply().unwrap().value32().map(Iterator::collect).unwrap_or_default()
    }

    /// Drops files on it at that place, as a file manager does.
    pub fn drop_files(&self, paths: &[&Path], x: i32, y: i32) {
        let lines: String = paths.iter().map(|path| format!("file://{}\r\n", path.display())).collect();
        let (connection, root) = self.desktop.connect();
        let atom = |name| atom(&connection, name);
        let (list, selection) = (atom("text/uri-list"), atom("XdndSelection"));
        let source = connection.generate_id().unwrap();
        let class = WindowClass::INPUT_OUTPUT;
        let nothing = CreateWindowAux::new();
        connection.create_window(0, source, root, 0, 0, 1, 1, 0, class, 0, &nothing).unwrap();
        connection.set_selection_owner(source, selection, x11rb::CURRENT_TIME).unwrap();
        let say = |word, data: [u32; 4]| {
            let data = [source, data[0], data[1], data[2], data[3]];
            let message = ClientMessageEvent::new(32, self.id, atom(word), data);
            connection.send_event(false, self.id, EventMask::NO_EVENT, message).unwrap();
            connection.flush().unwrap();
        };
        let (left, top, ..) = self.geometry();
        let place = ((left + x) << 16 | (top + y)) as u32;
        say("XdndEnter", [5 << 24, list, 0, 0]);
        say("XdndPosition", [0, place, x11rb::CURRENT_TIME, atom("XdndActionCopy")]);
        loop {
            match connection.wait_for_event().unwrap() {
                Event::ClientMessage(message) if message.type_ == atom("XdndStatus") => {
                    let accepts = message.data.as_data32()[1] & 1 == 1;
                    assert!(accepts, "it does not take files there");
                    say("XdndDrop", [0, x11rb::CURRENT_TIME, 0, 0]);
                }
                Event::ClientMessage(message) if message.type_ == atom("XdndFinished") => break,
                Event::SelectionRequest(SelectionRequestEvent {
                    requestor, property, target, time, ..
                }) => {
                    let replace = PropMode::REPLACE;
                    connection
                        .change_property8(replace, requestor, property, target, lines.as_bytes())
                        .unwrap();
                    let done = SelectionNotifyEvent {
                        response_type: SELECTION_NOTIFY_EVENT,
                        sequence: 0,
                        time,
                        requestor,
                        selection,
                        target,
                        property,
                    };
                    connection.send_event(false, requestor, EventMask::NO_EVENT, done).unwrap();
                    connection.flush().unwrap();
                }
                _ => {}
            }
        }
    }

    /// Copies what is in the widget that has the focus.
    pub fn copied(&self) -> String {
        self.desktop.set_clipboard("(rien)");
        self.press(&["ctrl+a", "ctrl+c"]);
        self.desktop.clipboard()
    }

    /// The whole conversation, as it is copied from the display by keys.
    pub fn conversation(&self) -> String {
        let (_, _, w, _) = self.geometry();
        // Between the header and the first entry.
        self.click(w / 2, self.page_top() + 70);
        self.copied()
    }

    /// Where the page begins: in the demonstration below its bar, which ends with a line from edge to edge.
    fn page_top(&self) -> i32 {
        let [_, r, g, b] = BORDER.to_be_bytes();
        let edge = self.picture(Some((1, 0, 1, 200))).iter().position(|pixel| *pixel == [r, g, b]);
        edge.map_or(0, |edge| edge as i32 + 1)
    }

    /// Waits until the conversation contains something.
    #[track_caller]
    pub fn wait_for_text(&self, text: &str) {
        wait_for(&format!("« {text} »"), || {
            let last = self.conversation();
            if last.contains(text) { Ok(()) } else { Err(format!("the conversation is:\n{last}")) }
        });
    }

    /// Takes a picture of the window alone, kept in `target/screenshots`.
    pub fn screenshot(&self, name: &str) -> PathBuf {
        let file = screenshots().join(name).with_extension("png");
        let id = self.id.to_string();
        self.desktop.run("import", &["-window", &id, &file.display().to_string()]);
        file
    }

    /// A part of the window (`None`: all of it), given as x, y, width, height: its pixels, row by row.
    pub fn picture(&self, part: Option<(i32, i32, i32, i32)>) -> Vec<[u8; 3]> {
        let (w, h) = (self.geometry().2, self.geometry().3);
        let (x, y, w, h) = part.unwrap_or((0, 0, w, h));
        let (connection, _) = self.desktop.connect();
        let image = connection
            .get_image(ImageFormat::Z_PIXMAP, self.id, x as i16, y as i16, w as u16, h as u16, u32::MAX)
            .unwrap()
            .reply()
            .expect("the part is on the screen");
        // Xvfb on every machine we know of: 32 bits, blue first.
        image.data.chunks_exact(4).map(|pixel| [pixel[2], pixel[1], pixel[0]]).collect()
    }

    /// How many pixels have that colour (`0xRRGGBB`), within a part of the window.
    pub fn pixels(&self, color: u32, part: Option<(i32, i32, i32, i32)>) -> usize {
        let [_, r, g, b] = color.to_be_bytes();
        self.picture(part).into_iter().filter(|pixel| *pixel == [r, g, b]).count()
    }

    /// The first row with that colour.
    pub fn first_row(&self, color: u32) -> i32 {
        let (.., w, h) = self.geometry();
        let has_color = |row: &i32| self.pixels(color, Some((0, *row, w, 1))) > 0;
        (0..h).find(has_color).expect("a row with that colour")
    }

    /// Whether it asks something: the bar below has an edge as wide as the window.
    pub fn is_asking(&self) -> bool {
        const PENDING: u32 = 0x8F5E00;
        self.pixels(PENDING, None) as i32 >= 2 * self.geometry().2
    }

    /// How many fields of the form have the frame of a field with an error.
    pub fn fields_with_an_error(&self) -> usize {
        const ERROR: [u8; 3] = [0xb3, 0x26, 0x1e];
        let (_, _, w, h) = self.geometry();
        let picture = self.picture(None);
        // Each has a straight edge at the left: every pixel of a column, over more than half of the field's height.
        let column = |x: usize| (0..h as usize).map(move |y| y * w as usize + x);
        let runs = |x: usize| {
            let (mut runs, mut length) = (0, 0);
            for at in column(x) {
                length = if picture[at] == ERROR { length + 1 } else { 0 };
                runs += usize::from(length == 15);
            }
            runs
        };
        // Left edges: the column before has none.
        (1..w as usize).filter(|x| runs(x - 1) < runs(*x)).map(|x| runs(x) - runs(x - 1)).sum::<usize>() / 2
    }
}

fn atom(connection: &RustConnection, name: &str) -> u32 {
    connection.intern_atom(false, name.as_bytes()).unwrap().reply().unwrap().atom
}

/// Waits until `is_so`.
#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    wait_for(what, || if is_so() { Ok(()) } else { Err("it is not so".to_owned()) });
}

/// Looks again and again, for X tells nobody; an error says how things are instead.
#[track_caller]
fn wait_for(what: &str, mut glance: impl FnMut() -> Result<(), String>) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(instead) = glance() {
        assert!(Instant::now() < deadline, "{what} never came; {instead}");
        std::thread::sleep(GLANCE);
    }
}

/// Where the pictures are kept.
fn screenshots() -> PathBuf {
    let target = binary("client").ancestors().nth(2).map(Path::to_owned).expect("target/PROFILE/client");
    let folder = target.join("screenshots");
    fs::create_dir_all(&folder).unwrap();
    folder
}
