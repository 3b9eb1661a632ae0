import com.sun.source.util.JavacTask;
import hephaestus.Hooks;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.DiagnosticListener;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/** The project's source files and the classes they become, all in memory. */
final class Sources {
    /** A class: its bytes and the file it comes from. */
    record Binary(byte[] bytes, String file) {}

    /** What compiling gave: classes by name, or what the compiler complained of. */
    record Compiled(Map<String, Binary> classes, List<Diagnostic<? extends JavaFileObject>> errors) {
        boolean failed() {
            return classes == null;
        }

        String why() {
            return errors.isEmpty() ? "it does not compile" : errors.get(0).toString();
        }
    }

    private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    private final StandardJavaFileManager disk;
    private final List<String> options = new ArrayList<>(Suite.OPTIONS);
    private final Binary hooks;
    /** The unchanged texts and classes. */
    final Map<String, String> texts = new TreeMap<>();
    Map<String, Binary> classes = Map.of();

    Sources() throws Exception {
        disk = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8);
        disk.setLocation(StandardLocation.CLASS_PATH, Suite.libraries().stream().map(File::new).toList());
        for (Path file : Suite.sources()) {
            texts.put(file.toString().replace('\\', '/'), Files.readString(file));
        }
        try (InputStream in = Hooks.class.getResourceAsStream("Hooks.class")) {
            hooks = new Binary(in.readAllBytes(), null);
        }
        options.add("-Xmaxerrs");
        options.add("100000");
    }

    /** Compiles everything as it is. */
    Compiled compileAll() throws IOException {
        Compiled all = compile(texts, Map.of());
        if (!all.failed()) {
            classes = all.classes();
        }
        return all;
    }

    /** All classes with these files changed; a file that is gone has no text. */
    Compiled changed(Map<String, String> files) throws IOException {
        Map<String, Binary> others = new HashMap<>(classes);
        others.values().removeIf(binary -> files.containsKey(binary.file()));
        Map<String, String> given = new TreeMap<>(files);
        given.values().removeIf(text -> text == null);
        Compiled part = given.isEmpty() ? new Compiled(Map.of(), List.of()) : compile(given, others);
        if (!part.failed() && faces(part.classes().entrySet()).equals(faces(replaced(files)))) {
            others.putAll(part.classes());
            return new Compiled(others, List.of());
        }
        if (part.failed() && files.size() == 1) {
            return part;
        }
        Map<String, String> all = new TreeMap<>(texts);
        all.putAll(files);
        all.values().removeIf(text -> text == null);
        return compile(all, Map.of());
    }

    private Collection<Map.Entry<String, Binary>> replaced(Map<String, String> files) {
        return classes.entrySet().stream().filter(entry -> files.containsKey(entry.getValue().file())).toList();
    }

    private static Map<String, String> faces(Collection<Map.Entry<String, Binary>> entries) {
        Map<String, String> faces = new HashMap<>();
        for (Map.Entry<String, Binary> entry : entries) {
            // What has no name of its own, nobody else can name.
            if (!entry.getKey().matches(".*\\$\\d.*")) {
                faces.put(entry.getKey(), Weaver.face(entry.getValue().bytes()));
            }
        }
        return faces;
    }

    /** All classes with one file changed by what only this program knows of. */
    Compiled beside(String file, String text) throws IOException {
        Map<String, Binary> others = new HashMap<>(classes);
        others.values().removeIf(binary -> file.equals(binary.file()));
        Map<String, Binary> seen = new HashMap<>(others);
        seen.put(Hooks.class.getName(), hooks);
        Compiled part = compile(Map.of(file, text), seen);
        if (part.failed()) {
            return part;
        }
        others.putAll(part.classes());
        return new Compiled(others, List.of());
    }

    /** A task that can parse these texts. */
    JavacTask parsing(Map<String, String> given, DiagnosticListener<JavaFileObject> heard) {
        List<Source> units = given.entrySet().stream().map(entry -> new Source(entry.getKey(), entry.getValue())).toList();
        return (JavacTask) compiler.getTask(SILENT, disk, heard, options, null, units);
    }

    /** Compiles some texts beside other classes. */
    Compiled compile(Map<String, String> given, Map<String, Binary> others) throws IOException {
        List<Source> units = given.entrySet().stream().map(entry -> new Source(entry.getKey(), entry.getValue())).toList();
        DiagnosticCollector<JavaFileObject> heard = new DiagnosticCollector<>();
        Memory memory = new Memory(disk, others);
        boolean good;
        try {
            good = compiler.getTask(SILENT, memory, heard, options, null, units).call();
        } catch (RuntimeException | StackOverflowError crash) {
            good = false;
        }
        List<Diagnostic<? extends JavaFileObject>> errors = heard.getDiagnostics().stream()
            .filter(said -> said.getKind() == Diagnostic.Kind.ERROR)
            .toList();
        return new Compiled(good ? memory.made() : null, errors);
    }

    private static final Writer SILENT = Writer.nullWriter();

    /** A text with the path of its file. */
    static final class Source extends SimpleJavaFileObject {
        final String path;
        private final String text;

        Source(String path, String text) {
            super(URI.create("source:///" + path.replaceAll("[^\\w/.$-]", "_")), Kind.SOURCE);
            this.path = path;
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String name, Kind kind) {
            return kind == Kind.SOURCE && path.substring(path.lastIndexOf('/') + 1).equals(name + ".java");
        }

        @Override
        public String getName() {
            return path;
        }
    }

    private static final class Unit extends SimpleJavaFileObject {
        final String name;
        final String file;
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();
        private final byte[] bytes;

        Unit(String name, String file, byte[] bytes) {
            super(URI.create("class:///" + name.replace('.', '/') + ".class"), Kind.CLASS);
            this.name = name;
            this.file = file;
            this.bytes = bytes;
        }

        @Override
        public OutputStream openOutputStream() {
            return out;
        }

        @Override
        public InputStream openInputStream() {
            return new ByteArrayInputStream(bytes);
        }
    }

    /** Takes classes from memory, and keeps what is made there. */
    private static final class Memory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, List<Unit>> packages = new HashMap<>();
        private final List<Unit> made = new ArrayList<>();

        Memory(JavaFileManager disk, Map<String, Binary> others) {
            super(disk);
            others.forEach((name, binary) -> packages
                .computeIfAbsent(name.substring(0, Math.max(0, name.lastIndexOf('.'))), none -> new ArrayList<>())
                .add(new Unit(name, binary.file(), binary.bytes())));
        }

        Map<String, Binary> made() {
            Map<String, Binary> all = new LinkedHashMap<>();
            made.forEach(one -> all.put(one.name, new Binary(one.out.toByteArray(), one.file)));
            return all;
        }

        @Override
        public Iterable<JavaFileObject> list(Location location, String name, Set<JavaFileObject.Kind> kinds, boolean recurse)
            throws IOException {
            // A source file beside a class must not be compiled with it.
            Set<JavaFileObject.Kind> wanted = new HashSet<>(kinds);
            wanted.remove(JavaFileObject.Kind.SOURCE);
            Iterable<JavaFileObject> others = super.list(location, name, wanted, recurse);
            if (location != StandardLocation.CLASS_PATH || !kinds.contains(JavaFileObject.Kind.CLASS)) {
                return others;
            }
            List<JavaFileObject> all = new ArrayList<>(packages.getOrDefault(name, List.of()));
            others.forEach(all::add);
            return all;
        }

        @Override
        public String inferBinaryName(Location location, JavaFileObject file) {
            return file instanceof Unit own ? own.name : super.inferBinaryName(location, file);
        }

        @Override
        public boolean isSameFile(FileObject one, FileObject other) {
            boolean own = one instanceof SimpleJavaFileObject || other instanceof SimpleJavaFileObject;
            return own ? one == other : super.isSameFile(one, other);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location location, String name, JavaFileObject.Kind kind, FileObject from) {
            Unit one = new Unit(name, from instanceof Source source ? source.path : null, null);
            made.add(one);
            return one;
        }
    }
}
