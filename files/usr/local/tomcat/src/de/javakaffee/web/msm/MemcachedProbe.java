package de.javakaffee.web.msm;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * Finds out whether a memcached is still the one that it was. Its connection is its own: nothing that empties a memcached leaves it whole, and
 * the session manager's client mends those that it has without a word.
 */
final class MemcachedProbe {
    /** Longer than one that is merely busy takes. */
    private static final int TIMEOUT_MS = 1_000;
    private static final byte[] QUESTION = "version\r\n".getBytes(StandardCharsets.US_ASCII);

    private final InetSocketAddress address;
    private Socket connection;
    private boolean isNew = true;

    MemcachedProbe(final InetSocketAddress address) {
        this.address = address;
    }

    /** False where it does not answer, or has been away since it was last asked. */
    synchronized boolean isStillThere() {
        final boolean isFirst = isNew;
        isNew = false;
        if (connection != null && answers()) {
            return true;
        }
        close();
        connect();
        return answers() && isFirst;
    }

    synchronized void close() {
        if (connection != null) {
            try {
                connection.close();
            } catch (final IOException e) {
                // Nothing is lost with it.
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
