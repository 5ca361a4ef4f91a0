package de.javakaffee.web.msm;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.Scanner;

/** A browser: it sends its session's cookie and takes a new one. */
final class Visitor {
    private static final String COOKIE = "JSESSIONID=";

    private volatile String sessionId;
    private volatile String name = "Browser";
    private volatile boolean takesCookies = true;

    Visitor() {
    }

    /** A visitor who sends no cookies. */
    static Visitor withoutCookies(final String name) {
        final Visitor visitor = new Visitor();
        visitor.name = name;
        visitor.takesCookies = false;
        return visitor;
    }

    private Visitor(final String sessionId) {
        this.sessionId = sessionId;
    }

    static Visitor withSession(final String sessionId) {
        return new Visitor(sessionId);
    }

    /** Calls itself so from now on. */
    Visitor as(final String newName) {
        name = newName;
        return this;
    }

    String sessionId() {
        return sessionId;
    }

    /** The name in the session's id of the memcached with its copy. */
    String node() {
        return sessionId.replaceAll(".*-(.*)\\..*", "$1");
    }

    /** The answer's text; fails unless the status is 200. */
    String get(final TestTomcat tomcat, final String path) throws IOException {
        final HttpURLConnection connection = ask(tomcat, path);
        try (InputStream body = connection.getInputStream()) {
            final String cookie = connection.getHeaderField("Set-Cookie");
            if (takesCookies && cookie != null && cookie.startsWith(COOKIE)) {
                sessionId = cookie.substring(COOKIE.length()).split(";")[0];
            }
            final Scanner text = new Scanner(body, "UTF-8").useDelimiter("\\A");
            return text.hasNext() ? text.next() : "";
        } finally {
            connection.disconnect();
        }
    }

    /** For an answer with another status than 200. */
    HttpURLConnection ask(final TestTomcat tomcat, final String path) throws IOException {
        final HttpURLConnection connection = (HttpURLConnection) new URL(tomcat.url(path)).openConnection();
        connection.setRequestProperty("User-Agent", name);
        if (sessionId != null) {
            connection.setRequestProperty("Cookie", COOKIE + sessionId);
        }
        return connection;
    }
}
