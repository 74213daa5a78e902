using System.ComponentModel.DataAnnotations;
using FindMe.Pipeline;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>How much of a disk uploads may fill. Section <c>UploadSpace</c> of the configuration; checked at start.</summary>
public sealed class UploadSpaceOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "UploadSpace";

    /// <summary>
    /// Bytes of the disk with <see cref="UploadOptions.Path"/> that uploads leave free, 0 to 1 TB. Default 1 GB. An upload that might take from
    /// them is refused with 507: it counts with its largest size, packed and unpacked, and so do those under way.
    /// </summary>
    [Range(0, 1_000_000_000_000)]
    public long LeaveFree { get; set; } = 1_000_000_000;
}

[OptionsValidator]
internal sealed partial class UploadSpaceOptionsValidator : IValidateOptions<UploadSpaceOptions>;

/// <summary>Keeps the disk from being filled by uploads: each one takes its room before a byte of it is read.</summary>
internal sealed class UploadSpace(IOptions<UploadOptions> uploads, IOptions<UploadSpaceOptions> options)
{
    private long _taken;

    /// <summary>Takes the room that an upload may need while it comes.</summary>
    /// <returns>Gives the room back; null: there is none.</returns>
    public IDisposable? TryTake()
    {
        var path = Path.GetFullPath(uploads.Value.Path!);
        Directory.CreateDirectory(path);
        var room = new Room(this, uploads.Value.MaxBytes + uploads.Value.MaxUnpackedBytes);
        if (Interlocked.Add(ref _taken, room.Bytes) + options.Value.LeaveFree <= new DriveInfo(path).AvailableFreeSpace)
        {
            return room;
        }

        room.Dispose();
        return null;
    }

    private sealed record Room(UploadSpace Space, long Bytes) : IDisposable
    {
        public void Dispose() => Interlocked.Add(ref Space._taken, -Bytes);
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
    }
}
