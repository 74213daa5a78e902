using System.ComponentModel.DataAnnotations;
using FindMe.Networks;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How much of a disk uploads may fill. Section <c>UploadSpace</c> of the configuration; checked at start.</summary>
public sealed class UploadSpaceOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "UploadSpace";

    /// <summary>
    /// Bytes of the disk with <see cref="UploadOptions.Path"/> that uploads leave free, 0 to 1 TB. Default 1 GB. An upload that would take from them
    /// is refused with 507: it counts with the bytes that its ZIP file and then its photos have, and so do those under way.
    /// </summary>
    [Range(0, 1_000_000_000_000)]
    public long LeaveFree { get; set; } = 1_000_000_000;

    /// <summary>Bytes of uploads that are kept of one person at a time, 1 to 1 TB. Default 2 GB, two of the largest; more are refused with 409.</summary>
    [Range(1, 1_000_000_000_000)]
    public long MaxBytesPerPerson { get; set; } = 2_000_000_000;

    /// <summary>
    /// Bytes of uploads that are kept from one address (IPv6: from one /64), 1 to 1 TB. Default 5 GB, for an office behind one address; more are
    /// refused with 429.
    /// </summary>
    [Range(1, 1_000_000_000_000)]
    public long MaxBytesPerAddress { get; set; } = 5_000_000_000;

    /// <summary>
    /// The same in percent of the room for uploads that there would be without those of the address, 1 to 100. Default 50: on a small disk, too, one
    /// address leaves half of the room to others.
    /// </summary>
    [Range(1, 100)]
    public int MaxPercentPerAddress { get; set; } = 50;
}

[OptionsValidator]
internal sealed partial class UploadSpaceOptionsValidator : IValidateOptions<UploadSpaceOptions>;

/// <summary>Keeps the disk from being filled by uploads: each one takes its room before a byte of it is read.</summary>
internal sealed class UploadSpace(IOptions<UploadOptions> uploads, IOptions<UploadSpaceOptions> options)
{
    private long _taken;

    /// <summary>Bytes that uploads may still take.</summary>
    public long Left => new DriveInfo(Folder()).AvailableFreeSpace - options.Value.LeaveFree - Interlocked.Read(ref _taken);

    /// <summary>Takes the room for an upload's bytes.</summary>
    /// <returns>Gives the room back; null: there is none.</returns>
    public UploadRoom? TryTake(long bytes)
    {
        var room = new UploadRoom(this);
        if (room.TryTake(bytes))
        {
            return room;
        }

        room.Dispose();
        return null;
    }

    /// <summary>Takes or, where negative, gives back.</summary>
    /// <returns>Whether there is as much.</returns>
    internal bool Add(long bytes)
    {
        Interlocked.Add(ref _taken, bytes);
        return Left >= 0;
    }

    private string Folder()
    {
        var path = Path.GetFullPath(uploads.Value.Path!);
        Directory.CreateDirectory(path);
        return path;
    }
}

/// <summary>The room that one upload has taken.</summary>
internal sealed class UploadRoom(UploadSpace space) : IDisposable
{
    private long _bytes;

    /// <summary>Takes more.</summary>
    /// <returns>Whether there was as much; otherwise nothing was taken.</returns>
    public bool TryTake(long bytes)
    {
        if (space.Add(bytes))
        {
            _bytes += bytes;
            return true;
        }

        space.Add(-bytes);
        return false;
    }

    /// <summary>Gives back what it holds: what was written by now the disk itself counts.</summary>
    public void Dispose()
    {
        space.Add(-_bytes);
        _bytes = 0;
    }
}

/// <summary>Registers the room for uploads.</summary>
internal static class UploadSpaceServices
{
    public static void AddUploadSpace(this IServiceCollection services)
    {
        services.AddOptions<UploadSpaceOptions>().BindConfiguration(UploadSpaceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<UploadSpaceOptions>, UploadSpaceOptionsValidator>();
        services.AddSingleton<UploadSpace>();
        services.AddSingleton<UploadQuotas>();
    }
}
