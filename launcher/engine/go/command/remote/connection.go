// Package remote has the resources that run commands on other machines and copy files to them. Names of types and
// fields are those of the genuine plugin: they are in its schema and in its messages.
package remote

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/pulumi/pulumi-go-provider/infer"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Connection says how to reach a machine.
type Connection struct {
	endpoint
	// A jump host.
	Proxy *ProxyConnection `pulumi:"proxy,optional"`
}

type ProxyConnection struct{ endpoint }

type endpoint struct {
	User               *string  `pulumi:"user,optional"`
	Password           *string  `pulumi:"password,optional" provider:"secret"`
	Host               *string  `pulumi:"host"`
	Port               *float64 `pulumi:"port,optional"`
	PrivateKey         *string  `pulumi:"privateKey,optional" provider:"secret"`
	PrivateKeyPassword *string  `pulumi:"privateKeyPassword,optional" provider:"secret"`
	AgentSocketPath    *string  `pulumi:"agentSocketPath,optional"`
	// Number of attempts to connect that may fail; negative: no limit.
	DialErrorLimit *int `pulumi:"dialErrorLimit,optional"`
	// Seconds for the TCP connection of one attempt; 0: no limit.
	PerDialTimeout *int `pulumi:"perDialTimeout,optional"`
	// The only host key that the machine may show, as in known_hosts. Without it, any key is accepted.
	HostKey *string `pulumi:"hostKey,optional"`
}

func (c *Connection) Annotate(annotator infer.Annotator)      { c.setDefaults(annotator) }
func (c *ProxyConnection) Annotate(annotator infer.Annotator) { c.setDefaults(annotator) }

func (e *endpoint) setDefaults(annotator infer.Annotator) {
	annotator.SetDefault(&e.User, "root")
	annotator.SetDefault(&e.Port, 22)
	annotator.SetDefault(&e.DialErrorLimit, 10)
	annotator.SetDefault(&e.PerDialTimeout, 15)
}

func (e *endpoint) address() string {
	return net.JoinHostPort(*e.Host, strconv.Itoa(int(*e.Port)))
}

// client gives the ssh client's configuration. The connection to the agent ends with the result of the second value.
func (e *endpoint) client() (*ssh.ClientConfig, func(), error) {
	config := &ssh.ClientConfig{
		User:            *e.User,
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
		Timeout:         time.Duration(*e.PerDialTimeout) * time.Second,
	}
	closeAgent := func() {}
	if e.HostKey != nil {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*e.HostKey))
		if err != nil {
			return nil, closeAgent, fmt.Errorf("failed to parse host key: %w", err)
		}
		config.HostKeyCallback = ssh.FixedHostKey(key)
		config.HostKeyAlgorithms = []string{key.Type()}
	}
	if e.PrivateKey != nil {
		signer, err := e.signer()
		if err != nil {
			return nil, closeAgent, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	if e.Password != nil {
		config.Auth = append(config.Auth, ssh.Password(*e.Password), ssh.KeyboardInteractive(e.answer))
	}
	socket := os.Getenv("SSH_AUTH_SOCK")
	if e.AgentSocketPath != nil {
		socket = *e.AgentSocketPath
	}
	if socket != "" || e.AgentSocketPath != nil {
		connection, err := net.Dial("unix", socket)
		if err != nil {
			return nil, closeAgent, err
		}
		closeAgent = func() { _ = connection.Close() }
		config.Auth = append(config.Auth, ssh.PublicKeysCallback(agent.NewClient(connection).Signers))
	}
	return config, closeAgent, nil
}

func (e *endpoint) signer() (ssh.Signer, error) {
	if e.PrivateKeyPassword == nil {
		return ssh.ParsePrivateKey([]byte(*e.PrivateKey))
	}
	return ssh.ParsePrivateKeyWithPassphrase([]byte(*e.PrivateKey), []byte(*e.PrivateKeyPassword))
}

// answer answers each question of the server with the password.
func (e *endpoint) answer(_, _ string, questions []string, _ []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i := range answers {
		answers[i] = *e.Password
	}
	return answers, nil
}
