using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FindMe.Networks;

/// <summary>The folders of photos that the operator offers. Section <c>Albums</c> of the configuration.</summary>
public sealed class AlbumOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "Albums";

    /// <summary>Folders, each an album named like the folder. Default none: no album can be searched.</summary>
    [Required]
    public IReadOnlyList<string> Folders { get; set; } = [];

    /// <summary>Largest photo to read, in bytes, 1 to 1 GiB. Default 50 MiB; larger ones are skipped with that reason.</summary>
    /// <remarks>A 100-megapixel camera's JPEG is about 40 MB.</remarks>
    [Range(1, 1 << 30)]
    public int MaxPhotoBytes { get; set; } = 50 << 20;
}

[OptionsValidator]
internal sealed partial class AlbumOptionsValidator : IValidateOptions<AlbumOptions>;

/// <summary>Registers the albums.</summary>
public static class AlbumServices
{
    /// <summary>Registers <see cref="Albums"/> and its options, which are checked at start. Called again, it does nothing.</summary>
    /// <param name="services">The app's services.</param>
    public static void AddAlbums(this IServiceCollection services)
    {
        // Bound twice, the options would hold each folder twice.
        if (services.Any(service => service.ServiceType == typeof(Albums)))
        {
            return;
        }

        services.AddOptions<AlbumOptions>().BindConfiguration(AlbumOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<AlbumOptions>, AlbumOptionsValidator>();
        services.AddSingleton<Albums>();
    }
}

/// <summary>The albums on this machine. No name, however odd, leads out of an album's folder.</summary>
/// <param name="options">The folders.</param>
public sealed class Albums(IOptions<AlbumOptions> options)
{
    private readonly Dictionary<string, string> _roots = NamesOf(options.Value.Folders);

    /// <summary>The albums' names, in the operator's order.</summary>
    public IReadOnlyList<string> Names => [.. _roots.Keys];

    /// <summary>Whether there is an album of this name.</summary>
    public bool Contains(string album) => _roots.ContainsKey(album);

    /// <summary>Every file of the album, in the ordinal order of the paths below its folder.</summary>
    /// <param name="album">The album's name.</param>
    /// <returns>
    /// Paths below the folder with <c>/</c> between their parts. Links are neither followed nor listed. A folder in it that may
    /// not be read stands there as one path that ends in <c>/</c>, so that it is not passed over in silence, and so does what has a name that is not
    /// valid UTF-8, with U+FFFD in place of its bytes.
    /// </returns>
    /// <exception cref="AlbumException">The album does not exist or cannot be read.</exception>
    public IReadOnlyList<string> Paths(string album)
    {
        if (!_roots.TryGetValue(album, out var root))
        {
            throw new AlbumException($"There is no album named “{album}”.", "Choose another album, or ask the operator to offer this one.");
        }

        var paths = new List<string>();
        try
        {
            List(root, root, paths);
        }
        catch (UnauthorizedAccessException)
        {
            throw new AlbumException($"The album “{album}” cannot be read.", "The operator must give FindMe permission to read its folder.");
        }
        catch (IOException)
        {
            throw new AlbumException($"The album “{album}” is gone.", "Its folder was moved, deleted or unplugged; choose another album.");
        }

        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    /// <summary>Reads a photo.</summary>
    /// <param name="album">The album's name.</param>
    /// <param name="path">The photo's path below the album's folder.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The file's bytes.</returns>
    /// <exception cref="PhotoUnavailableException">It is gone, too large, not to be read by FindMe or not in the album.</exception>
    /// <exception cref="PhotoUnreachableException">Its disk does not give it out now; trying again may help.</exception>
    public async Task<byte[]> ReadAsync(string album, string path, CancellationToken cancellationToken)
    {
        if (!_roots.TryGetValue(album, out var root))
        {
            throw new PhotoUnavailableException("The album is gone.");
        }

        // No file system has it, and .NET throws at it.
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new PhotoUnavailableException("The photo is not in the album.");
        }

        var full = Path.GetFullPath(Path.Combine(root, path));
        if (!full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new PhotoUnavailableException("The photo is not in the album.");
        }

        if (HasUnreadableName(full))
        {
            throw new PhotoUnavailableException("Its name is not valid UTF-8: rename it.");
        }

        if (path.EndsWith('/'))
        {
            throw new PhotoUnavailableException("FindMe has no permission to read this folder.");
        }

        try
        {
            if (LeadsThroughLink(root, full))
            {
                throw new PhotoUnavailableException("The photo is not in the album.");
            }

            // Pipes, sockets and devices have no length; opening one could block for ever.
            if (new FileInfo(full).Length == 0)
            {
                throw new PhotoUnavailableException("The file is empty.");
            }

            await using var file = new FileStream(full, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1, FileOptions.Asynchronous);
            if (file.Length > options.Value.MaxPhotoBytes)
            {
                throw new PhotoUnavailableException(
                    $"The photo has {file.Length >> 20} MB; FindMe reads photos of at most {options.Value.MaxPhotoBytes >> 20} MB.");
            }

            var bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes, cancellationToken);
            return bytes;
        }
        catch (UnauthorizedAccessException)
        {
            throw new PhotoUnavailableException("FindMe has no permission to read the photo.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or PathTooLongException)
        {
            throw new PhotoUnavailableException("The photo is gone.");
        }
        catch (IOException exception)
        {
            // A share that lost its server for a moment, a file that is being written.
            throw new PhotoUnreachableException("The photo cannot be read from its disk.", exception);
        }
    }

    private static void List(string root, string folder, List<string> paths)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos())
        {
            if (HasUnreadableName(entry.FullName))
            {
                paths.Add(Unique(Path.GetRelativePath(root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/'), paths));
                continue;
            }

            // A link could lead anywhere.
            if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                continue;
            }

            var path = Path.GetRelativePath(root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/');
            if (entry is FileInfo)
            {
                paths.Add(path);
                continue;
            }

            try
            {
                List(root, entry.FullName, paths);
            }
            catch (UnauthorizedAccessException)
            {
                paths.Add(path + "/");
            }
        }
    }

    // On Linux a name is any bytes. .NET decodes them as UTF-8 and puts U+FFFD for what is not: then nothing of that name is there, it cannot be opened,
    // and its attributes are -1, all flags at once. A name that really holds U+FFFD is there.
    private static bool HasUnreadableName(string full) => full.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(full);

    // Names that differ in those bytes only look the same, and each is a photo that is skipped.
    private static string Unique(string path, List<string> paths)
    {
        var unique = path;
        for (var number = 2; paths.Contains(unique); number++)
        {
            unique = $"{path} ({number})";
        }

        return unique;
    }

    private static bool LeadsThroughLink(string root, string full)
    {
        for (var part = full; part.Length > root.Length; part = Path.GetDirectoryName(part)!)
        {
            var attributes = new FileInfo(part).Attributes;
            if ((int)attributes != -1 && attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                return true;
            }
        }

        return false;
    }

    // Two folders of one name get a number, so that both can be chosen.
    private static Dictionary<string, string> NamesOf(IReadOnlyList<string> folders)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var folder in folders)
        {
            var root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            var name = Path.GetFileName(root);
            for (var number = 2; !names.TryAdd(name, root); number++)
            {
                name = $"{Path.GetFileName(root)} ({number})";
            }
        }

        return names;
    }
}

/// <summary>An album cannot be listed.</summary>
/// <param name="message">What is wrong, for a person.</param>
/// <param name="wayOut">What can be done.</param>
public sealed class AlbumException(string message, string wayOut) : Exception(message)
{
    /// <summary>What can be done, a sentence for a person.</summary>
    public string WayOut { get; } = wayOut;
}

/// <summary>A photo cannot be had; trying again will not help.</summary>
/// <param name="reason">Why, one sentence for a person.</param>
public sealed class PhotoUnavailableException(string reason) : Exception(reason);
