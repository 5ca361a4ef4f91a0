package remote

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	provider "github.com/pulumi/pulumi-go-provider"
	"golang.org/x/crypto/ssh"
)

// withClient runs work with a connection to a machine, through a jump host if there is one, and ends all connections.
func withClient(ctx context.Context, connection *Connection, work func(*ssh.Client) error) error {
	config, closeAgent, err := connection.client()
	defer closeAgent()
	if err != nil {
		return err
	}
	if connection.Proxy == nil {
		client, err := retry(ctx, "Dial", *connection.DialErrorLimit, func() (*ssh.Client, error) {
			return connect(ctx, connection.endpoint, config)
		})
		if err != nil {
			return err
		}
		defer client.Close()
		return work(client)
	}
	hop, closeHopAgent, err := dialProxy(ctx, connection.Proxy.endpoint)
	defer closeHopAgent()
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	defer hop.Close()
	client, err := retry(ctx, "Dial from proxy", *connection.DialErrorLimit, func() (*ssh.Client, error) {
		channel, err := hop.Dial("tcp", connection.address())
		if err != nil {
			return nil, err
		}
		return handshake(ctx, channel, connection.address(), config)
	})
	if err != nil {
		return fmt.Errorf("proxy: %w", err)
	}
	defer client.Close()
	return work(client)
}

func dialProxy(ctx context.Context, proxy endpoint) (*ssh.Client, func(), error) {
	config, closeAgent, err := proxy.client()
	if err != nil {
		return nil, closeAgent, err
	}
	client, err := retry(ctx, "Dial proxy", *proxy.DialErrorLimit, func() (*ssh.Client, error) {
		return connect(ctx, proxy, config)
	})
	return client, closeAgent, err
}

func connect(ctx context.Context, to endpoint, config *ssh.ClientConfig) (*ssh.Client, error) {
	dialer := net.Dialer{Timeout: config.Timeout}
	socket, err := dialer.DialContext(ctx, "tcp", to.address())
	if err != nil {
		return nil, err
	}
	return handshake(ctx, socket, to.address(), config)
}

// handshake logs in. A cancelled context ends it, even if the server says nothing.
func handshake(ctx context.Context, socket net.Conn, address string, config *ssh.ClientConfig) (*ssh.Client, error) {
	defer context.AfterFunc(ctx, func() { _ = socket.Close() })()
	connection, channels, requests, err := ssh.NewClientConn(socket, address, config)
	if err != nil {
		_ = socket.Close()
		return nil, err
	}
	return ssh.NewClient(connection, channels, requests), nil
}

// retry repeats an attempt with the genuine plugin's delays: 0.1 s, then 1.5 times longer each time, up to 5 s.
func retry(ctx context.Context, what string, limit int, attempt func() (*ssh.Client, error)) (*ssh.Client, error) {
	delay := 100 * time.Millisecond
	for failures := 0; ; failures++ {
		client, err := attempt()
		if err == nil {
			return client, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if limit >= 0 && failures >= limit {
			return nil, fmt.Errorf("after %d failed attempts: %w", failures, err)
		}
		provider.GetLogger(ctx).InfoStatusf("%s %d/%s failed: retrying", failed(what, err), failures+1, limitText(limit))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(delay):
		}
		delay = min(delay*3/2, 5*time.Second)
	}
}

// failed names a failed attempt as the genuine plugin does: its attempts at the handshake are counted apart.
func failed(what string, err error) string {
	if what == "Dial from proxy" && strings.HasPrefix(err.Error(), "ssh: handshake failed") {
		return "Dial"
	}
	return what
}

func limitText(limit int) string {
	if limit == -1 {
		return "inf"
	}
	return strconv.Itoa(limit)
}
