using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>How the C library hands out the memory that networks and decoders ask for.</summary>
internal static partial class NativeHeap
{
    // M_ARENA_MAX of glibc's malloc.h.
    private const int ArenaMax = -8;

    // M_MMAP_THRESHOLD of the same: what is larger is given back when it is freed. Left alone, glibc raises it to the largest block it has seen.
    private const int MapThreshold = -3;
    private const int MapThresholdBytes = 1 << 20;

    /// <summary>
    /// Two heaps instead of eight a processor: each keeps what its largest photo needed, which came to 150 MB more in a worker
    /// of two processors. Does nothing where there is no glibc.
    /// </summary>
    public static void Bound() => TryCall(() => SetOption(ArenaMax, 2) & SetOption(MapThreshold, MapThresholdBytes));

    /// <summary>Gives back what a large photo left. Does nothing where there is no glibc.</summary>
    public static void Trim() => TryCall(() => TrimHeap(0));

    private static void TryCall(Func<int> call)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            call();
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // musl has one heap anyway.
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    private static partial int TrimHeap(nuint keep);
}
