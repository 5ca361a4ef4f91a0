# shellcheck disable=SC2034 # read by catalina.sh
# msm.maxReconnectDelay: after at most so many seconds a memcached that does not answer is tried again. The default is
# 30. Until then sessions have no copy there.
# msm.kryo.bufferSize.max: the largest session that can be made into a copy, in bytes. The default is 2,048,000.
# OnOutOfMemoryError: a JVM without memory answers some requests and loses others. systemd starts a new one.
CATALINA_OPTS="-Xms256m -Xmx256m -Dmsm.maxReconnectDelay=1 -XX:OnOutOfMemoryError='kill -9 %p'"
CATALINA_OPTS="$CATALINA_OPTS -Dmsm.kryo.bufferSize.max=4194304"
CATALINA_OPTS="$CATALINA_OPTS -Djava.awt.headless=true -Djava.security.egd=file:/dev/./urandom -Dfile.encoding=UTF-8"
# Encoded slashes and backslashes in addresses are the application's business. By default Tomcat answers 400.
CATALINA_OPTS="$CATALINA_OPTS -Dorg.apache.tomcat.util.buf.UDecoder.ALLOW_ENCODED_SLASH=true"
CATALINA_OPTS="$CATALINA_OPTS -Dorg.apache.catalina.connector.CoyoteAdapter.ALLOW_BACKSLASH=true"
