# The OpenSSL commands that people follow today, letter by letter: a root, a server, a client, two .p12 bundles.
# Runs in an empty directory. $1: "ext" for the recipe's extension files, "san" for its configuration files.
set -eu

# CA private key
openssl genrsa -out ca.key 4096

# CA self-signed cert
openssl req -x509 -new -nodes -key ca.key -sha256 -days 3650 \
  -out ca.crt \
  -subj "/C=US/ST=State/L=City/O=MyTestCA/OU=Dev/CN=MyTestRootCA"

if [ "$1" = ext ]; then

cat > server_ext.cnf <<'EOF'
subjectAltName = DNS:api.example.local, IP:127.0.0.1
extendedKeyUsage = serverAuth
keyUsage = digitalSignature, keyEncipherment
EOF

# Create Server Key
openssl genrsa -out server.key 2048
openssl req -new -key server.key -out server.csr \
  -subj "/C=US/ST=State/L=City/O=MyOrg/CN=api.example.local"

# Create Server CSR
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
  -out server.crt -days 825 -sha256 -extfile server_ext.cnf

cat > client_ext.cnf <<'EOF'
extendedKeyUsage = clientAuth
subjectAltName = email:client1@example.local
EOF

# Create Client Key
openssl genrsa -out client.key 2048

# Create Client CSR
openssl req -new -key client.key -out client.csr \
  -subj "/C=US/ST=State/L=City/O=MyOrg/OU=Clients/CN=client1"

# Sign Client Certificate
openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
  -out client.crt -days 365 -sha256 -extfile client_ext.cnf

else

cat > server_SAN.cnf <<'EOF'
[ req ]
default_bits       = 2048
prompt             = no
default_md         = sha256
req_extensions     = req_ext
distinguished_name = dn

[ dn ]
C  = US
ST = TestState
L  = TestCity
O  = TestOrg
OU = TestUnit
CN = localhost

[ req_ext ]
subjectAltName = @alt_names
extendedKeyUsage = serverAuth

[ alt_names ]
DNS.1   = localhost
IP.1    = 127.0.0.1
EOF

openssl genrsa -out server.key 2048

# SAN-Based
# Create Server CSR
openssl req -new -key server.key -out server.csr -config server_SAN.cnf

# Sign Server Certificate
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key \
  -CAcreateserial -out server.crt -days 365 -sha256 \
  -extfile server_SAN.cnf -extensions req_ext

cat > client_SAN.cnf <<'EOF'
[ req ]
default_bits       = 2048
prompt             = no
default_md         = sha256
req_extensions     = req_ext
distinguished_name = dn

[ dn ]
C  = US
ST = State
L  = City
O  = MyOrg
OU = IT
CN = test-client

[ req_ext ]
extendedKeyUsage = clientAuth
EOF

openssl genrsa -out client.key 2048

# SAN-Based
# Create Client CSR
openssl req -new -key client.key -out client.csr -config client_SAN.cnf

# Sign Client Certificate
openssl x509 -req -in client.csr -CA ca.crt -CAkey ca.key \
  -CAcreateserial -out client.crt -days 365 -sha256 \
  -extfile client_SAN.cnf -extensions req_ext

fi

openssl pkcs12 -export \
  -out client.p12 \
  -inkey client.key \
  -in client.crt \
  -certfile ca.crt \
  -passout pass:MyP12Passw0rd

# (OR) Exporting the .p12 using explicit legacy algorithms compatible with iOS
openssl pkcs12 -export \
  -out client_ios.p12 \
  -inkey client.key \
  -in client.crt \
  -certfile ca.crt \
  -passout pass:MyP12Passw0rd \
  -macalg sha1 \
  -keypbe PBE-SHA1-3DES \
  -certpbe PBE-SHA1-3DES
