import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Answers the harness's requests by giving them to processes that have the project loaded, and replaces those that are lost. */
public final class Supervisor {
    /** What a process may take beyond the limit it was given, in seconds. */
    private static final double MARGIN = 5;

    private final String classes;
    private final String open;
    private final PrintStream answers = System.out;
    private final BlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private final Deque<Map<String, Object>> waiting = new ArrayDeque<>();
    private final List<Crewman> crew = new ArrayList<>();
    private Map<String, Object> load;

    private Supervisor(String classes, String open) {
        this.classes = classes;
        this.open = open;
    }

    /** Serves until the input ends. */
    public static void serve(String classes, String open) throws Exception {
        Supervisor supervisor = new Supervisor(classes, open);
        Thread listening = new Thread(supervisor::listen);
        listening.setDaemon(true);
        listening.start();
        while (true) {
            Runnable event = supervisor.events.poll(200, TimeUnit.MILLISECONDS);
            if (event != null) {
                event.run();
            }
            supervisor.watch();
            supervisor.giveOut();
        }
    }

    private void listen() {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String request = line;
                events.add(() -> hear(request));
            }
        } catch (IOException error) {
            System.err.println(error);
        }
        events.add(() -> {
            crew.forEach(Crewman::kill);
            System.exit(0);
        });
    }

    private void hear(String line) {
        Map<String, Object> request;
        try {
            request = Json.object(line);
        } catch (IllegalArgumentException error) {
            say(Json.of("id", null, "end", "broken", "reason", "not a request: " + error.getMessage()));
            return;
        }
        if (!"cancel".equals(request.get("do"))) {
            waiting.add(request);
            if ("load".equals(request.get("do"))) {
                load = request;
            }
            return;
        }
        Object target = request.get("target");
        if (waiting.removeIf(one -> one.get("id").equals(target))) {
            say(Json.of("id", target, "end", "cancelled"));
        }
        for (Crewman one : crew) {
            if (one.request != null && one.request.get("id").equals(target)) {
                one.say(line);
                one.until = System.nanoTime() + (long) (MARGIN / 2 * 1e9);
            }
        }
    }

    private void say(Map<String, Object> answer) {
        byte[] line = (Json.write(answer) + "\n").getBytes(StandardCharsets.UTF_8);
        answers.write(line, 0, line.length);
        answers.flush();
    }

    private void giveOut() throws IOException {
        while (!waiting.isEmpty()) {
            if (load == null) {
                say(Json.of("id", waiting.poll().get("id"), "end", "broken", "reason", "nothing was loaded"));
                continue;
            }
            Crewman free = crew.stream().filter(one -> one.request == null).findFirst().orElse(null);
            if (free == null && crew.size() < Math.max(1, Json.number(load.get("slots"), 1))) {
                free = new Crewman();
                crew.add(free);
                if (waiting.peek() != load) {
                    free.prepare();
                }
            }
            if (free == null) {
                return;
            }
            free.take(waiting.poll());
        }
    }

    private void watch() {
        for (Crewman one : List.copyOf(crew)) {
            if (one.request != null && System.nanoTime() > one.until) {
                one.silent = true;
                one.kill();
                one.until = Long.MAX_VALUE;
            }
        }
    }

    /** One process. */
    private final class Crewman {
        private final Process process;
        private final Writer in;
        private Map<String, Object> request;
        private Object running;
        private final Set<Object> done = new HashSet<>();
        private long began;
        private long until = Long.MAX_VALUE;
        private boolean silent;
        private boolean preparing;

        Crewman() throws IOException {
            double memory = Json.number(load.get("memory_mb"), 2048) / Math.max(1, Json.number(load.get("slots"), 1));
            int heap = (int) Math.max(192, Math.min(1024, memory / 3));
            process = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx" + heap + "m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", open, "-cp", classes, "Worker")
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
            in = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
            Thread listening = new Thread(this::listen);
            listening.setDaemon(true);
            listening.start();
        }

        private void listen() {
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    // What a project writes past its own output is no answer.
                    int at = line.indexOf(Worker.MARK);
                    if (at >= 0) {
                        String answer = line.substring(at + 1);
                        events.add(() -> hear(answer));
                    }
                }
            } catch (IOException error) {
                System.err.println(error);
            }
            events.add(this::end);
        }

        /** Loads the project, which nobody wants to hear of. */
        private void prepare() {
            preparing = true;
            say(Json.write(load));
        }

        private void take(Map<String, Object> request) {
            this.request = request;
            running = null;
            done.clear();
            began = System.nanoTime();
            double limit = Json.number(request.get("limit_s"), Double.NaN);
            until = Double.isNaN(limit) ? Long.MAX_VALUE : System.nanoTime() + (long) ((limit * 1.5 + MARGIN + (preparing ? 120 : 0)) * 1e9);
            say(Json.write(request));
        }

        private void say(String line) {
            try {
                in.write(line + "\n");
                in.flush();
            } catch (IOException error) {
                // Its end is told by its output.
                process.destroyForcibly();
            }
        }

        private void hear(String line) {
            Map<String, Object> answer = Json.object(line);
            if (preparing) {
                preparing = false;
                return;
            }
            if (answer.containsKey("running") && !answer.containsKey("end")) {
                running = answer.get("running");
                return;
            }
            if ("lost".equals(answer.get("end"))) {
                // It cannot go on with what it has not tried, and ends.
                running = null;
                return;
            }
            if (answer.get("results") instanceof List<?> results) {
                results.forEach(result -> done.add(((List<?>) result).get(0)));
            }
            Supervisor.this.say(answer);
            if (answer.containsKey("end")) {
                request = null;
                until = Long.MAX_VALUE;
            }
        }

        private void end() {
            crew.remove(this);
            if (request != null && "search".equals(request.get("do")) && (running != null || !done.isEmpty())) {
                rest();
            } else if (request != null) {
                String end = silent ? "timeout" : "died";
                Supervisor.this.say(Json.of("id", request.get("id"), "end", end, "reason", "the process ended", "running", running,
                    "passed", List.of(), "skipped", List.of(), "failed", List.of()));
            }
        }

        /** Another process goes on with the variants that this one has not told of; what it tried last was its end. */
        private void rest() {
            if (running != null && done.add(running)) {
                Supervisor.this.say(Json.of("id", request.get("id"), "results", List.of(List.of(running, silent ? "timeout" : "died", 0, "gone"))));
            }
            List<Object> left = new ArrayList<>((List<?>) request.get("variants"));
            left.removeIf(variant -> done.contains(((List<?>) variant).get(0)));
            double seconds = (System.nanoTime() - began) / 1e9;
            request.put("variants", left);
            request.put("limit_s", Math.max(0, Json.number(request.get("limit_s"), 3600) - seconds));
            waiting.addFirst(request);
        }

        private void kill() {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }
}
