import hephaestus.Hooks;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** The process that has the project's classes loaded: answers one request after another, as PROTOCOL.md has them. */
final class Worker {
    /** Answers are told from anything else that reaches the output by this. */
    static final char MARK = '\u0001';

    private final PrintStream answers;
    private final BlockingQueue<Map<String, Object>> requests = new LinkedBlockingQueue<>();
    private volatile double current = -1;
    private Project project;

    private Worker(PrintStream answers) {
        this.answers = answers;
    }

    public static void main(String[] args) throws Exception {
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
        System.setOut(nowhere);
        System.setErr(nowhere);
        InputStream in = new FileInputStream(FileDescriptor.in);
        System.setIn(InputStream.nullInputStream());
        Worker worker = new Worker(answers);
        Thread listening = new Thread(() -> worker.listen(in));
        listening.setDaemon(true);
        listening.start();
        worker.serve();
    }

    private void listen(InputStream in) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Map<String, Object> request = Json.object(line);
                if (!"cancel".equals(request.get("do"))) {
                    requests.put(request);
                } else if (Json.number(request.get("target"), -2) == current) {
                    Running.given = true;
                }
            }
        } catch (Exception error) {
            System.err.println(error);
        }
        Runtime.getRuntime().halt(0);
    }

    private void serve() throws Exception {
        while (true) {
            Map<String, Object> request = requests.take();
            Running.given = false;
            current = Json.number(request.get("id"), -1);
            Map<String, Object> answer;
            double cpu = Running.cpu();
            long began = System.nanoTime();
            try {
                answer = handle(request);
            } catch (Exception | LinkageError | StackOverflowError | OutOfMemoryError error) {
                answer = Json.of("end", "broken", "reason", error.toString());
            }
            answer.putIfAbsent("wall_s", (System.nanoTime() - began) / 1e9);
            answer.putIfAbsent("cpu_s", Running.cpu() - cpu);
            current = -1;
            say(request, answer);
            if (Running.lost || "broken".equals(answer.get("end"))) {
                Runtime.getRuntime().halt(1);
            }
        }
    }

    private synchronized void say(Map<String, Object> request, Map<String, Object> answer) {
        Map<String, Object> all = Json.of("id", request.get("id"));
        all.putAll(answer);
        answers.println(MARK + Json.write(all));
    }

    private Map<String, Object> handle(Map<String, Object> request) throws Exception {
        String verb = String.valueOf(request.get("do"));
        if (verb.equals("load")) {
            project = new Project();
            return project.load();
        }
        java.util.function.Consumer<Map<String, Object>> tell = answer -> say(request, answer);
        return switch (verb) {
            case "survey" -> new Survey(project, request, tell).answer();
            case "run" -> new Trial(project, request, tell).answer();
            case "search" -> new Search(project, request, tell).answer(Json.number(request.get("times"), 20));
            default -> Json.of("end", "broken", "reason", "there is no request \"" + verb + "\"");
        };
    }
}
