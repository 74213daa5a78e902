using System.Net.NetworkInformation;

namespace FindMe.Local;

/// <summary>Finds free ports on this machine.</summary>
internal static class Ports
{
    // Below the ephemeral range of outgoing connections, so that a restarted process finds its port free.
    private const int First = 20_000;
    private const int Last = 32_000;

    /// <summary>Returns a port that nobody listens on and that was not returned before.</summary>
    public static int TakeFree(HashSet<int> taken)
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last);
            if (!taken.Contains(port) && IsFree(port))
            {
                taken.Add(port);
                return port;
            }
        }
    }

    /// <summary>Whether nobody listens on a port.</summary>
    public static bool IsFree(int port) => Array.TrueForAll(IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners(), listener => listener.Port != port);
}
