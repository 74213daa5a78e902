namespace FindMe.Apps.Tests.Api;

/// <summary>What a process holds in memory, as somebody with its rights can read it.</summary>
internal static class ProcessMemory
{
    private const int ChunkBytes = 1 << 22;

    /// <summary>Whether some bytes stand anywhere in the memory that a process may write.</summary>
    public static bool Contains(int process, ReadOnlySpan<byte> bytes)
    {
        using var memory = new FileStream($"/proc/{process}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new byte[ChunkBytes];
        foreach (var line in File.ReadLines($"/proc/{process}/maps"))
        {
            // "7f00-7f10 rw-p …": what is mapped from files, such as libraries, holds nothing of a person.
            var (range, rights) = (line.Split(' ')[0].Split('-'), line.Split(' ')[1]);
            if (!rights.StartsWith("rw", StringComparison.Ordinal))
            {
                continue;
            }

            var (from, to) = (Convert.ToInt64(range[0], 16), Convert.ToInt64(range[1], 16));
            for (var at = from; at < to; at += ChunkBytes - bytes.Length)
            {
                memory.Position = at;
                var wanted = (int)Math.Min(ChunkBytes, to - at);
                try
                {
                    if (buffer.AsSpan(0, memory.ReadAtLeast(buffer.AsSpan(0, wanted), wanted, throwOnEndOfStream: false)).IndexOf(bytes) >= 0)
                    {
                        return true;
                    }
                }
                catch (IOException)
                {
                    // Reserved and never used: there is nothing to read.
                }
            }
        }

        return false;
    }
}
