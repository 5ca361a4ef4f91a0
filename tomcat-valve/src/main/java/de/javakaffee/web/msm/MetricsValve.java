package de.javakaffee.web.msm;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import javax.servlet.ServletException;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ValveBase;
import org.apache.juli.logging.Log;
import org.apache.juli.logging.LogFactory;

/**
 * Counts the requests of a context. Monitors read these counts, the number of sessions and the use of this JVM at a port
 * of its own. The firewall opens that port for monitors alone, and no path of the site leads there. No thread of Tomcat
 * is taken.
 */
public final class MetricsValve extends ValveBase {
    private static final Log LOG = LogFactory.getLog(MetricsValve.class);
    private static final int SERVER_ERRORS = 500;

    private final LongAdder requests = new LongAdder();
    private final LongAdder errors = new LongAdder();
    private final LongAdder nanoseconds = new LongAdder();
    private String address = "127.0.0.1";
    private int port;
    private String healthPath;
    private HttpServer server;
    private ExecutorService thread;

    public MetricsValve() {
        super(true);
    }

    public void setAddress(final String address) {
        this.address = address;
    }

    /** 0 is any free port. */
    public void setPort(final int port) {
        this.port = port;
    }

    /** Requests for this path, which begins with the context's, are not counted: directors send several a second. */
    public void setHealthPath(final String healthPath) {
        this.healthPath = healthPath;
    }

    /** Where it answers. */
    InetSocketAddress boundTo() {
        return server.getAddress();
    }

    @Override
    public void invoke(final Request request, final Response response) throws IOException, ServletException {
        if (request.getDecodedRequestURI().equals(healthPath)) {
            getNext().invoke(request, response);
            return;
        }
        final long start = System.nanoTime();
        boolean isAnswered = false;
        try {
            getNext().invoke(request, response);
            isAnswered = true;
        } finally {
            nanoseconds.add(System.nanoTime() - start);
            if (!isAnswered || response.getStatus() >= SERVER_ERRORS) {
                errors.increment();
            }
            // The last: whoever reads the count of a request reads its time and its error too.
            requests.increment();
        }
    }

    /** A site without metrics is better than none: a port that is taken stops nothing. */
    @Override
    protected synchronized void startInternal() throws LifecycleException {
        try {
            server = HttpServer.create(new InetSocketAddress(address, port), 0);
            thread = Executors.newSingleThreadExecutor(work -> {
                final Thread own = new Thread(work, "metrics");
                own.setDaemon(true);
                return own;
            });
            server.setExecutor(thread);
            server.createContext("/metrics", this::answer);
            server.start();
        } catch (final IOException e) {
            server = null;
            LOG.warn("No metrics at " + address + ":" + port + ": " + e.getMessage());
        }
        super.startInternal();
    }

    @Override
    protected synchronized void stopInternal() throws LifecycleException {
        super.stopInternal();
        if (server != null) {
            server.stop(0);
            thread.shutdownNow();
        }
    }

    private void answer(final HttpExchange exchange) throws IOException {
        final byte[] body = text().getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        exchange.sendResponseHeaders(200, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    private String text() {
        final MetricsText text = new MetricsText()
            .add("lab_tomcat_requests_total", requests.sum())
            .add("lab_tomcat_request_errors_total", errors.sum())
            .add("lab_tomcat_request_seconds_total", nanoseconds.sum() / 1e9)
            .addJvm();
        SessionManager.of((Context) getContainer())
            .filter(manager -> manager.tomcats().getState().isAvailable())
            .ifPresent(manager -> text
                .add("lab_tomcat_sessions", manager.tomcats().getActiveSessions())
                .add("lab_tomcat_sessions_without_copy", manager.sessionsWithoutCopy()));
        return text.toString();
    }
}
