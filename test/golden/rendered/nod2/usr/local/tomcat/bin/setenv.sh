# shellcheck disable=SC2034 # read by catalina.sh
# msm.maxReconnectDelay: after at most so many seconds a memcached that does not answer is tried again. The default is 30. Until
# then sessions have no copy there.
CATALINA_OPTS="-Xms256m -Xmx256m -Djava.awt.headless=true -Djava.security.egd=file:/dev/./urandom -Dfile.encoding=UTF-8 -Dmsm.maxReconnectDelay=1"
