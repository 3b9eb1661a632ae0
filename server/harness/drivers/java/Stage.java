import hephaestus.Hooks;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.InputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.security.CodeSource;
import java.security.ProtectionDomain;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;

/** One state of the project's classes, loaded afresh: nothing that runs here leaves a trace in another. */
final class Stage extends ClassLoader {
    /** What all stages share: libraries, resources, and the hooks of woven code. */
    static final class Below extends URLClassLoader {
        private final ProtectionDomain domain;

        Below() throws Exception {
            super(urls(), ClassLoader.getPlatformClassLoader());
            URL place = new File(".javac/classes/").toURI().toURL();
            domain = new ProtectionDomain(new CodeSource(place, (Certificate[]) null), null);
        }

        private static URL[] urls() throws Exception {
            List<URL> urls = new ArrayList<>();
            for (String part : Suite.libraries()) {
                urls.add(new File(part).toURI().toURL());
            }
            return urls.toArray(new URL[0]);
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            return name.startsWith("hephaestus.") ? Hooks.class.getClassLoader().loadClass(name) : super.findClass(name);
        }
    }

    /** Changes classes as they are loaded, each once. */
    static final class Loom {
        final Weaver weaver = new Weaver();
        private final boolean lines;
        private final Map<byte[], byte[]> woven = new WeakHashMap<>();

        Loom(boolean lines) {
            this.lines = lines;
        }

        byte[] woven(Sources.Binary binary) {
            return woven.computeIfAbsent(binary.bytes(), bytes -> weaver.woven(bytes, lines ? binary.file() : null));
        }
    }

    private final Map<String, Sources.Binary> classes;
    private final Below below;
    private final Loom loom;
    private final Map<Class<?>, Map<String, Object>> tests = new HashMap<>();

    Stage(Map<String, Sources.Binary> classes, Below below, Loom loom) {
        super(below);
        this.classes = classes;
        this.below = below;
        this.loom = loom;
    }

    /** The JUnit tests of one of its classes, found once. */
    Map<String, Object> tests(Class<?> type) throws Exception {
        Map<String, Object> known = tests.get(type);
        if (known == null) {
            known = Suite.tests(type);
            tests.put(type, known);
        }
        return known;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!classes.containsKey(name)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> known = findLoadedClass(name);
            return known != null ? known : findClass(name);
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        Sources.Binary binary = classes.get(name);
        if (binary == null) {
            throw new ClassNotFoundException(name);
        }
        byte[] bytes = loom.woven(binary);
        return defineClass(name, bytes, 0, bytes.length, below.domain);
    }

    @Override
    public InputStream getResourceAsStream(String name) {
        String type = name.endsWith(".class") ? name.substring(0, name.length() - 6).replace('/', '.') : "";
        Sources.Binary binary = classes.get(type);
        return binary != null ? new ByteArrayInputStream(binary.bytes()) : super.getResourceAsStream(name);
    }
}
