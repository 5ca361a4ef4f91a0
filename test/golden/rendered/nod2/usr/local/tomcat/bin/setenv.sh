# shellcheck disable=SC2034 # read by catalina.sh
# msm.maxReconnectDelay: seconds until a memcached that does not answer is asked again, at most; by default 30, and until it is asked
# again sessions have no copy there.
CATALINA_OPTS="-Xms256m -Xmx256m -Djava.awt.headless=true -Djava.security.egd=file:/dev/./urandom -Dfile.encoding=UTF-8 -Dmsm.maxReconnectDelay=1"
