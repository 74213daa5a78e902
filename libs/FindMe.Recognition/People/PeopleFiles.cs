namespace FindMe.Recognition;

/// <summary>A photo file in a folder of people.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Name">Path relative to the folder of people.</param>
/// <param name="Label">Index into <see cref="PeopleFiles.People"/>; their count for a stranger.</param>
internal sealed record PeopleFile(string Path, string Name, int Label);

/// <summary>Lists the photos in a folder of people, without reading them.</summary>
/// <remarks>
/// Ignores names that start with a dot, and files without a photo's extension. Follows links to files, but not to folders: they could lead
/// anywhere, even into a cycle.
/// </remarks>
internal sealed class PeopleFiles
{
    private const int MaxNameLength = 64;

    private readonly string _folder;
    private readonly List<SkippedPhoto> _skipped = [];

    private PeopleFiles(string folder) => _folder = folder;

    /// <summary>The names of the people, in ordinal order.</summary>
    public string[] People { get; private set; } = [];

    /// <summary>The photos of each person, in the order of <see cref="People"/>, then those of strangers.</summary>
    public PeopleFile[] Photos { get; private set; } = [];

    /// <summary>Number of files without a photo's extension.</summary>
    public int OtherFiles { get; private set; }

    /// <summary>Skipped folders, and why.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped => _skipped;

    /// <summary>Lists a folder of people.</summary>
    /// <param name="folder">The folder; may be a link.</param>
    /// <exception cref="PeopleException">The folder has no people or too many, or a person without photos.</exception>
    public static PeopleFiles In(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new PeopleException($"There is no folder {folder}: name one that contains a folder of photos for each person.");
        }

        var files = new PeopleFiles(folder);
        files.List();
        return files;
    }

    /// <summary>Whether a text is a valid name of a person.</summary>
    public static bool IsName(string? name) =>
        name?.Length is > 0 and <= MaxNameLength && !name.Any(char.IsControl) && !name.Equals(PeopleFolder.Unknown, StringComparison.OrdinalIgnoreCase);

    /// <summary>Creates the exception for a person without a usable photo.</summary>
    /// <param name="person">The name of the person.</param>
    /// <param name="skipped">Skipped photos of all people; the first of this person explains the problem.</param>
    public static PeopleException NoUsablePhotoOf(string person, IEnumerable<SkippedPhoto> skipped)
    {
        var first = skipped.FirstOrDefault(photo => photo.Photo.StartsWith(person + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        return new PeopleException(
            $"The folder {person} has no usable photo: {(first is null ? "no file has a photo's extension, such as 1.jpg" : $"{first.Photo}: {first.Problem}")}.");
    }

    private void List()
    {
        var folders = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var inFolder = new List<string>();
        if (!TryList("", inFolder, name => folders[name] = []))
        {
            throw new PeopleException($"The folder {_folder} cannot be read: ask its owner for permission.");
        }

        OtherFiles += inFolder.Count;
        foreach (var (name, photos) in folders.ToArray())
        {
            if (!TryListBelow(name, photos))
            {
                folders.Remove(name);
            }
        }

        folders.Remove(PeopleFolder.Unknown, out var strangers);
        People = [.. folders.Keys];
        ThrowIfNoPeople();
        if (folders.FirstOrDefault(folder => folder.Value.Count == 0).Key is { } empty)
        {
            throw NoUsablePhotoOf(empty, _skipped);
        }

        Photos = [.. folders.Values.Append(strangers ?? []).SelectMany((photos, label) =>
            photos.Order(StringComparer.Ordinal).Select(name => new PeopleFile(Path.Combine(_folder, name), name, label)))];
    }

    private bool TryListBelow(string name, List<string> photos) => TryList(name, photos, inside => TryListBelow(inside, photos));

    /// <summary>Lists one folder.</summary>
    /// <param name="name">Path of the folder, relative to the folder of people.</param>
    /// <param name="photos">Receives the relative paths of its photos.</param>
    /// <param name="found">Called with the relative path of each of its folders.</param>
    /// <returns>False if the folder cannot be read; it is then added to <see cref="Skipped"/>.</returns>
    private bool TryList(string name, List<string> photos, Action<string> found)
    {
        try
        {
            foreach (var entry in new DirectoryInfo(Path.Combine(_folder, name)).EnumerateFileSystemInfos())
            {
                var inside = Path.Combine(name, entry.Name);
                if (entry.Name.StartsWith('.'))
                {
                    continue;
                }

                if (entry is FileInfo)
                {
                    if (PhotoNames.IsPhoto(inside))
                    {
                        photos.Add(inside);
                    }
                    else
                    {
                        OtherFiles++;
                    }
                }
                else if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
                {
                    _skipped.Add(new SkippedPhoto(inside, "links to folders are not followed"));
                }
                else
                {
                    found(inside);
                }
            }

            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _skipped.Add(new SkippedPhoto(name, "the folder cannot be read: ask its owner for permission"));
            return false;
        }
    }

    private void ThrowIfNoPeople()
    {
        if (People.Length == 0)
        {
            var why = _skipped is [var first, ..] ? $" ({first.Photo}: {first.Problem})" : "";
            throw new PeopleException($"{_folder} holds no people{why}: add a folder of photos for each person, named after the person.");
        }

        if (People.Length > PeopleModel.MaxPeople)
        {
            throw new PeopleException(FormattableString.Invariant($"{_folder} holds {People.Length:N0} people: the maximum is {PeopleModel.MaxPeople:N0}."));
        }

        if (Array.Find(People, name => !IsName(name)) is { } bad)
        {
            throw new PeopleException($"The folder name {bad} is not a valid name of a person: use 1 to {MaxNameLength} characters without control characters. The folder of strangers is {PeopleFolder.Unknown}, in lower case.");
        }
    }
}
