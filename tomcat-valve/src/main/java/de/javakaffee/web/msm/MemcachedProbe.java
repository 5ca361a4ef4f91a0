package de.javakaffee.web.msm;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * Tells whether a memcached has been there all the time. It keeps a connection of its own, which breaks whenever the memcached is restarted
 * and loses its content; MSM's client reconnects silently.
 */
final class MemcachedProbe {
    /** Longer than a busy memcached takes to answer. */
    private static final int TIMEOUT_MS = 1_000;
    private static final byte[] QUESTION = "version\r\n".getBytes(StandardCharsets.US_ASCII);

    private final InetSocketAddress address;
    private Socket connection;
    private boolean isFirstCall = true;

    MemcachedProbe(final InetSocketAddress address) {
        this.address = address;
    }

    /** True if the memcached answers, and its connection has not broken since the last call. */
    synchronized boolean isUninterrupted() {
        final boolean hasNoHistory = isFirstCall;
        isFirstCall = false;
        if (connection != null && answers()) {
            return true;
        }
        close();
        connect();
        return answers() && hasNoHistory;
    }

    synchronized void close() {
        if (connection != null) {
            try {
                connection.close();
            } catch (final IOException e) {
                // The connection is given up anyway.
            }
            connection = null;
        }
    }

    private void connect() {
        try {
            connection = new Socket();
            connection.setSoTimeout(TIMEOUT_MS);
            connection.connect(address, TIMEOUT_MS);
        } catch (final IOException e) {
            close();
        }
    }

    private boolean answers() {
        if (connection == null) {
            return false;
        }
        try {
            connection.getOutputStream().write(QUESTION);
            for (int read = 0; read != '\n';) {
                read = connection.getInputStream().read();
                if (read < 0) {
                    throw new EOFException();
                }
            }
            return true;
        } catch (final IOException e) {
            close();
            return false;
        }
    }
}
