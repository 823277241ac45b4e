// Asks our server once, offers the session of an earlier run, and keeps the one it gets:
// PORT NAME VERSION CERT KEY SESSION, where CERT may be empty and SESSION be missing.
//
// Nothing is checked of the server, as by a client that means harm.
package main

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
)

type file string

func (f file) Get(string) (*tls.ClientSessionState, bool) {
	kept, err := os.ReadFile(string(f))
	if err != nil {
		return nil, false
	}
	length := binary.BigEndian.Uint32(kept)
	ticket, rest := kept[4:4+length], kept[4+length:]
	state, err := tls.ParseSessionState(rest)
	check(err)
	session, err := tls.NewResumptionState(ticket, state)
	check(err)
	return session, true
}

func (f file) Put(_ string, session *tls.ClientSessionState) {
	if session == nil {
		return
	}
	ticket, state, err := session.ResumptionState()
	check(err)
	rest, err := state.Bytes()
	check(err)
	kept := binary.BigEndian.AppendUint32(nil, uint32(len(ticket)))
	kept = append(append(kept, ticket...), rest...)
	check(os.WriteFile(string(f), kept, 0o600))
}

func check(err error) {
	if err != nil {
		fmt.Println("refused:", err)
		os.Exit(1)
	}
}

func main() {
	port, name, version, cert, key, session := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	config := &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: true,
		ClientSessionCache: file(session),
		MinVersion:         tls.VersionTLS12,
		MaxVersion:         tls.VersionTLS13,
	}
	if version == "1.2" {
		config.MaxVersion = tls.VersionTLS12
	} else {
		config.MinVersion = tls.VersionTLS13
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
	check(err)
	defer connection.Close()
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", name)
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	check(err)
	body, err := io.ReadAll(answer.Body)
	check(err)
	handshake := "New"
	if connection.ConnectionState().DidResume {
		handshake = "Reused"
	}
	fmt.Printf("%s, TLSv%s\n%s %s\n%s\n", handshake, version, answer.Proto, answer.Status, body)
}
