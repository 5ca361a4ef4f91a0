package de.javakaffee.web.msm;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A memcached in this process: the part of the text protocol that the session managers use. Nothing expires. What is too large is refused.
 */
final class TestMemcached implements Closeable {
    static final int MAX_ITEM_KIB = 100;

    final String name;
    private final Map<String, Item> items = new ConcurrentHashMap<>();
    private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
    private ServerSocket server;
    private Thread acceptor;
    private InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private static final class Item {
        private final String flags;
        private final byte[] data;

        private Item(final String flags, final byte[] data) {
            this.flags = flags;
            this.data = data;
        }
    }

    TestMemcached(final String name) throws IOException {
        this.name = name;
        start();
    }

    InetSocketAddress address() {
        return address;
    }

    boolean has(final String key) {
        return items.containsKey(key);
    }

    /** Listens on the same port as before. */
    void start() throws IOException {
        server = new ServerSocket();
        server.setReuseAddress(true);
        server.bind(address);
        address = (InetSocketAddress) server.getLocalSocketAddress();
        final ServerSocket own = server;
        acceptor = inBackground(() -> {
            while (true) {
                final Socket connection = own.accept();
                connections.add(connection);
                inBackground(() -> serve(connection));
            }
        });
    }

    /** As a process that dies: connections break, and all content is lost. */
    void stop() throws IOException {
        server.close();
        try {
            // Until then the port is in use.
            acceptor.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (final Socket connection : connections) {
            connection.close();
        }
        connections.clear();
        items.clear();
    }

    @Override
    public void close() throws IOException {
        stop();
    }

    private interface Work {
        void run() throws IOException;
    }

    private Thread inBackground(final Work work) {
        final Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (final IOException e) {
                // The socket was closed.
            }
        }, "memcached " + name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void serve(final Socket connection) throws IOException {
        final DataInputStream in = new DataInputStream(connection.getInputStream());
        final OutputStream out = connection.getOutputStream();
        while (true) {
            final String[] words = readLine(in).split(" ");
            if (words[0].equals("get") || words[0].equals("gets")) {
                for (final String key : Arrays.copyOfRange(words, 1, words.length)) {
                    final Item item = items.get(key);
                    if (item != null) {
                        final String unique = words[0].equals("gets") ? " 1" : "";
                        write(out, "VALUE " + key + " " + item.flags + " " + item.data.length + unique);
                        out.write(item.data);
                        write(out, "");
                    }
                }
                write(out, "END");
            } else {
                write(out, answer(words, in));
            }
        }
    }

    private String answer(final String[] words, final DataInputStream in) throws IOException {
        switch (words[0]) {
            case "set":
            case "add":
                final byte[] data = new byte[Integer.parseInt(words[4])];
                in.readFully(data);
                readLine(in);
                if (data.length > MAX_ITEM_KIB * 1024) {
                    items.remove(words[1]);
                    return "SERVER_ERROR object too large for cache";
                }
                if (words[0].equals("add") && items.containsKey(words[1])) {
                    return "NOT_STORED";
                }
                items.put(words[1], new Item(words[2], data));
                return "STORED";
            case "delete":
                return items.remove(words[1]) == null ? "NOT_FOUND" : "DELETED";
            case "version":
                return "VERSION 1.6.0";
            default:
                return "ERROR";
        }
    }

    private static String readLine(final DataInputStream in) throws IOException {
        final StringBuilder line = new StringBuilder();
        while (true) {
            final int read = in.read();
            if (read < 0) {
                throw new EOFException();
            }
            if (read == '\n') {
                return line.toString();
            }
            if (read != '\r') {
                line.append((char) read);
            }
        }
    }

    private static void write(final OutputStream out, final String line) throws IOException {
        out.write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }
}
