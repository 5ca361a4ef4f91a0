# shellcheck disable=SC2034 # read by catalina.sh
CATALINA_OPTS="-Xms256m -Xmx256m -Djava.awt.headless=true -Djava.security.egd=file:/dev/./urandom -Dfile.encoding=UTF-8"
