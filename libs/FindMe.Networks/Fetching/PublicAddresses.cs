using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace FindMe.Networks;

/// <summary>Distinguishes public internet addresses from private networks, this machine and the metadata services of clouds.</summary>
/// <remarks>
/// The lists hold every range that IANA's special-purpose registries (RFC 6890 and its updates) mark as not globally reachable. An IPv6
/// address that embeds an IPv4 address is judged by the IPv4 address, so that no notation bypasses the lists.
/// </remarks>
public static class PublicAddresses
{
    // https://www.iana.org/assignments/iana-ipv4-special-registry, plus multicast (224/4) and reserved (240/4) space.
    // Clouds put their metadata services in link-local space and at 168.63.129.16 (Azure).
    private static readonly IPNetwork[] Special4 =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    // Special ranges inside global unicast space (2000::/3): https://www.iana.org/assignments/iana-ipv6-special-registry.
    private static readonly IPNetwork[] Special6 =
        [.. new[] { "2001::/23", "2001:db8::/32", "3fff::/20" }.Select(IPNetwork.Parse)];

    private static readonly IPNetwork GlobalUnicast6 = IPNetwork.Parse("2000::/3");

    // IPv6 forms that embed an IPv4 address, and the byte offset of that address.
    private static readonly (IPNetwork Prefix, int Offset)[] Carriers =
    [
        (IPNetwork.Parse("::ffff:0:0/96"), 12),
        (IPNetwork.Parse("::/96"), 12),
        (IPNetwork.Parse("::ffff:0:0:0/96"), 12),
        (IPNetwork.Parse("64:ff9b::/96"), 12),
        (IPNetwork.Parse("2002::/16"), 2),
    ];

    /// <summary>Whether an address belongs to the public internet.</summary>
    /// <param name="address">An IPv4 or IPv6 address.</param>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !Special4.Any(network => network.Contains(address));
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        // A scope id names a network interface of this machine.
        if (address.ScopeId != 0)
        {
            return false;
        }

        foreach (var (prefix, offset) in Carriers)
        {
            if (ContainsBytes(prefix, address))
            {
                return IsPublic(new IPAddress(address.GetAddressBytes().AsSpan(offset, 4)));
            }
        }

        return ContainsBytes(GlobalUnicast6, address) && !Special6.Any(network => ContainsBytes(network, address));
    }

    // IPNetwork.Contains treats an IPv4-mapped address as IPv4.
    private static bool ContainsBytes(IPNetwork network, IPAddress address)
    {
        Span<byte> own = stackalloc byte[16];
        Span<byte> given = stackalloc byte[16];
        network.BaseAddress.TryWriteBytes(own, out var written);
        if (written != 16)
        {
            return false;
        }

        address.TryWriteBytes(given, out _);
        var mask = network.PrefixLength == 0 ? UInt128.Zero : UInt128.MaxValue << (128 - network.PrefixLength);
        return (BinaryPrimitives.ReadUInt128BigEndian(own) & mask) == (BinaryPrimitives.ReadUInt128BigEndian(given) & mask);
    }
}
