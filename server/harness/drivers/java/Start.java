import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** Begins the driver for Java (PROTOCOL.md): compiles the other files of its folder and starts what answers. */
public final class Start {
    /** What the driver uses of the JDK that is not for everybody: a reader and writer of class files. */
    private static final String OPEN = "--add-exports=java.base/jdk.internal.org.objectweb.asm=ALL-UNNAMED";

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]).toAbsolutePath();
        Path classes = folder.resolve("classes");
        Files.createDirectories(classes);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> words = new ArrayList<>(List.of("-nowarn", "-encoding", "UTF-8", "-proc:none", OPEN, "-d", classes.toString()));
        try (var all = Files.walk(folder)) {
            all.filter(file -> file.toString().endsWith(".java")).forEach(file -> words.add(file.toString()));
        }
        int code = compiler.run(null, System.err, System.err, words.toArray(new String[0]));
        if (code != 0) {
            System.err.println("this JDK (" + Runtime.version() + ") is not one whose classes can be changed while they are loaded");
            System.exit(code);
        }
        var loader = new java.net.URLClassLoader(new java.net.URL[] {classes.toUri().toURL()});
        loader.loadClass("Supervisor").getMethod("serve", String.class, String.class).invoke(null, classes + File.separator, OPEN);
    }
}
