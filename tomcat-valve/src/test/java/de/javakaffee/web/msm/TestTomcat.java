package de.javakaffee.web.msm;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import javax.servlet.http.HttpSession;
import org.apache.catalina.Context;
import org.apache.catalina.Manager;
import org.apache.catalina.Valve;
import org.apache.catalina.startup.Tomcat;

/** A Tomcat in this process with a session manager as the lab configures it, and an application that reads and writes a session. */
final class TestTomcat implements Closeable {
    final String route;
    private final Tomcat tomcat = new Tomcat();
    private final Context context;

    /** More of the application's paths. */
    private final Map<String, Action> actions = new ConcurrentHashMap<>();

    interface Action {
        void run(HttpSession session) throws Exception;
    }

    /** @param valve null for none */
    TestTomcat(final String route, final Manager manager, final Valve valve) throws Exception {
        this.route = route;
        final String folder = Files.createTempDirectory("tomcat-" + route).toString();
        tomcat.setBaseDir(folder);
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        // Two Tomcats of one name would share their MBeans.
        tomcat.getEngine().setName(route);
        tomcat.getEngine().setJvmRoute(route);
        context = tomcat.addContext("", folder);
        context.addServletContainerInitializer(
            (classes, servlets) -> servlets.addServlet("application", new Application()).addMapping("/*"),
            Collections.emptySet());
        if (valve != null) {
            context.getPipeline().addValve(valve);
        }
        context.setManager(manager);
        tomcat.start();
    }

    /** @param failoverNode the memcached on this Tomcat's own machine */
    static MemcachedBackupSessionManager sessionManager(
        final List<TestMemcached> memcacheds, final TestMemcached failoverNode) {
        final MemcachedBackupSessionManager manager = new MemcachedBackupSessionManager();
        manager.setMemcachedNodes(memcacheds.stream()
            .map(each -> each.name + ":127.0.0.1:" + each.address().getPort())
            .collect(Collectors.joining(",")));
        manager.setFailoverNodes(failoverNode.name);
        manager.setSticky(true);
        manager.setSessionBackupAsync(false);
        manager.setSessionBackupTimeout(2_000);
        return manager;
    }

    SessionManager manager() {
        return SessionManager.of(context).get();
    }

    /** Everything that Tomcat does in the background, in its order, as every ten seconds. */
    void backgroundProcess() {
        tomcat.getEngine().backgroundProcess();
        tomcat.getHost().backgroundProcess();
        context.backgroundProcess();
    }

    void on(final String path, final Action action) {
        actions.put(path, action);
    }

    String url(final String path) {
        return "http://127.0.0.1:" + tomcat.getConnector().getLocalPort() + path;
    }

    @Override
    public void close() throws IOException {
        try {
            tomcat.stop();
            tomcat.destroy();
        } catch (final Exception e) {
            throw new IOException(e);
        }
    }

    /** /set?NAME=VALUE sets attributes of the session, /none has no session. The answer is all attributes, but for an action nothing. */
    private final class Application extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void doGet(final HttpServletRequest request, final HttpServletResponse response) throws IOException {
            if (request.getRequestURI().equals("/none")) {
                return;
            }
            final HttpSession session = request.getSession();
            try {
                if (request.getRequestURI().equals("/set")) {
                    request.getParameterMap().forEach((name, values) -> session.setAttribute(name, values[0]));
                } else if (actions.containsKey(request.getRequestURI())) {
                    actions.get(request.getRequestURI()).run(session);
                    return;
                }
            } catch (final Exception e) {
                throw new IOException(e);
            }
            final Map<String, Object> attributes = new TreeMap<>();
            Collections.list(session.getAttributeNames())
                .forEach(name -> attributes.put(name, session.getAttribute(name)));
            response.getWriter().print(attributes);
        }
    }
}
