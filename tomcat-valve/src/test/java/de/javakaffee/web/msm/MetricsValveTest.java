package de.javakaffee.web.msm;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.ServerSocket;
import java.net.URL;
import java.util.Scanner;
import org.junit.Test;

public class MetricsValveTest extends TwoTomcats {
    private final MetricsValve metrics = new MetricsValve();

    private TestTomcat measured() throws Exception {
        return start("a", n1, metrics);
    }

    private double value(final String name) throws IOException {
        try (InputStream body = new URL("http://127.0.0.1:" + metrics.boundTo().getPort() + "/metrics").openStream()) {
            final Scanner lines = new Scanner(body, "UTF-8").useDelimiter("\n");
            while (lines.hasNext()) {
                final String line = lines.next();
                if (line.startsWith(name + " ")) {
                    return Double.parseDouble(line.substring(name.length() + 1));
                }
            }
        }
        throw new AssertionError("no " + name);
    }

    @Test
    public void requestsAndErrorsAreCounted() throws Exception {
        final TestTomcat a = measured();
        a.on("/fails", session -> {
            throw new IllegalStateException("on purpose");
        });
        a.on("/slow", session -> Thread.sleep(100));
        final Visitor visitor = new Visitor();
        visitor.get(a, "/none");
        visitor.get(a, "/slow");
        assertEquals(500, visitor.ask(a, "/fails").getResponseCode());
        // A visitor has the answer before the valve has counted it.
        eventually("three requests", () -> value("lab_tomcat_requests_total") == 3);
        assertEquals(1, value("lab_tomcat_request_errors_total"), 0);
        final double seconds = value("lab_tomcat_request_seconds_total");
        assertTrue(seconds + " s", seconds >= 0.1 && seconds < 10);
    }

    @Test
    public void healthChecksAreNotCounted() throws Exception {
        metrics.setHealthPath("/health");
        final TestTomcat a = measured();
        a.on("/health", session -> {
            throw new IllegalStateException("not healthy");
        });
        final Visitor visitor = new Visitor();
        assertEquals(500, visitor.ask(a, "/health?shallow").getResponseCode());
        visitor.get(a, "/healthy");
        visitor.get(a, "/a/health");
        eventually("two requests", () -> value("lab_tomcat_requests_total") == 2);
        assertEquals(0, value("lab_tomcat_request_errors_total"), 0);
    }

    @Test
    public void sessionsAreCountedAndThoseWhoseMemcachedIsAway() throws Exception {
        final TestTomcat a = measured();
        assertEquals(0, value("lab_tomcat_sessions"), 0);
        new Visitor().get(a, "/set?color=red");
        new Visitor().get(a, "/set?color=blue");
        assertEquals(2, value("lab_tomcat_sessions"), 0);
        assertEquals(0, value("lab_tomcat_sessions_without_copy"), 0);
        n2.stop();
        eventually("two without a copy", () -> value("lab_tomcat_sessions_without_copy") == 2);
        n2.start();
        eventually("none without a copy", () -> value("lab_tomcat_sessions_without_copy") == 0);
    }

    @Test
    public void tellsOfTheJvm() throws Exception {
        measured();
        final double used = value("jvm_memory_used_bytes{area=\"heap\"}");
        assertTrue(used + " bytes", used > 1_000_000 && used <= value("jvm_memory_max_bytes{area=\"heap\"}"));
        assertTrue(value("jvm_threads_current") > 1);
        assertTrue(value("lab_tomcat_old_generation_max_bytes") > 1_000_000);
    }

    @Test
    public void aPortThatIsTakenStopsNoSite() throws Exception {
        try (ServerSocket other = new ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress())) {
            metrics.setPort(other.getLocalPort());
            final TestTomcat a = measured();
            assertEquals("{color=red}", new Visitor().get(a, "/set?color=red"));
            assertEquals(1, warnings("No metrics at 127.0.0.1:" + other.getLocalPort()).size());
        }
    }

    @Test
    public void thePortIsFreeAfterTheEnd() throws Exception {
        measured().close();
        tomcats.clear();
        try (ServerSocket again = new ServerSocket()) {
            again.setReuseAddress(true);
            again.bind(metrics.boundTo());
        }
    }
}
