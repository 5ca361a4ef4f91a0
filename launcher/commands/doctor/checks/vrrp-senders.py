"""Prints the source of each VRRP advert (RFC 5798) with one router id that an interface receives in some seconds.

Arguments: interface, router id, seconds. A packet socket gets adverts before the firewall and needs no address.
"""
import socket
import sys
import time

interface, router_id, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
ETH_P_IP, VRRP, ADVERT = 0x0800, 112, 1
packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
packets.bind((interface, ETH_P_IP))
end = time.monotonic() + seconds
senders = set()
while time.monotonic() < end:
    packets.settimeout(max(0.01, end - time.monotonic()))
    try:
        packet = packets.recv(2048)
    except socket.timeout:
        break
    advert = packet[(packet[0] & 15) * 4 :]
    if packet[9] == VRRP and len(advert) > 1 and advert[0] & 15 == ADVERT and advert[1] == router_id:
        senders.add(socket.inet_ntoa(packet[12:16]))
print("\n".join(sorted(senders)))
