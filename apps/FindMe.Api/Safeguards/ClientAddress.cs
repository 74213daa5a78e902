using System.Net;
using System.Net.Sockets;

namespace FindMe.Api;

/// <summary>The client address that limits count by. See <see cref="RequestRates"/> for addresses behind a proxy.</summary>
internal static class ClientAddress
{
    /// <summary>The address; for IPv6 its /64, because a subscriber controls all of it. Empty if unknown.</summary>
    public static string Of(HttpContext context) => Of(context.Connection.RemoteIpAddress);

    /// <summary>Normalizes an address.</summary>
    public static string Of(IPAddress? remote) => remote switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } mapped => mapped.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } address => new IPAddress([.. address.GetAddressBytes()[..8], .. new byte[8]]).ToString(),
        var address => address.ToString(),
    };
}
