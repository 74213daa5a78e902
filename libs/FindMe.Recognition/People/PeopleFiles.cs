namespace FindMe.Recognition;

/// <summary>A photo in a folder of people, not read yet.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">The same, relative to the folder.</param>
/// <param name="Label">Whose it is: an index into <see cref="PeopleFiles.People"/>, or one more for a stranger.</param>
internal sealed record PeopleFile(string Path, string Name, int Label);

/// <summary>What lies in a folder of people, by its names alone.</summary>
/// <remarks>
/// Names that begin with a dot are left out, as are files that are not called like photos. Links to folders are not followed: one could lead
/// anywhere, also back to where we are. A link to a photo is that photo.
/// </remarks>
internal sealed class PeopleFiles
{
    private const int MaxNameLength = 64;

    private readonly string _folder;
    private readonly List<SkippedPhoto> _skipped = [];

    private PeopleFiles(string folder) => _folder = folder;

    /// <summary>The names, in the order of their bytes.</summary>
    public string[] People { get; private set; } = [];

    /// <summary>The photos: of each person in the order of their names, then of strangers.</summary>
    public PeopleFile[] Photos { get; private set; } = [];

    /// <summary>Files that are not called like photos.</summary>
    public int Others { get; private set; }

    /// <summary>Folders that are not looked into, and why.</summary>
    public IReadOnlyList<SkippedPhoto> Skipped => _skipped;

    /// <summary>Lists a folder.</summary>
    /// <param name="folder">The folder; a link to one is followed, since it was named.</param>
    /// <exception cref="PeopleException">It holds no people, too many, or one without a photo.</exception>
    public static PeopleFiles In(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new PeopleException($"There is no folder {folder}: give one that holds a folder of photos for each person.");
        }

        var files = new PeopleFiles(folder);
        files.List();
        return files;
    }

    /// <summary>Whether a person may be called so.</summary>
    public static bool IsName(string? name) =>
        name?.Length is > 0 and <= MaxNameLength && !name.Any(char.IsControl) && !name.Equals(PeopleFolder.Unknown, StringComparison.OrdinalIgnoreCase);

    /// <summary>What is wrong with a person of whom no photo serves.</summary>
    /// <param name="person">The name.</param>
    /// <param name="skipped">What was skipped, of anybody.</param>
    public static PeopleException NothingIn(string person, IEnumerable<SkippedPhoto> skipped)
    {
        var first = skipped.FirstOrDefault(photo => photo.Photo.StartsWith(person + Path.DirectorySeparatorChar, StringComparison.Ordinal));
        return new PeopleException(
            $"Nothing can be learnt from the folder {person}: {(first is null ? "it holds no file that is called like a photo, such as 1.jpg" : $"{first.Photo}: {first.Problem}")}.");
    }

    private void List()
    {
        var folders = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        var inFolder = new List<string>();
        if (!TryList("", inFolder, name => folders[name] = []))
        {
            throw new PeopleException($"The folder {_folder} cannot be read: ask its owner for permission.");
        }

        Others += inFolder.Count;
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
            throw NothingIn(empty, _skipped);
        }

        Photos = [.. folders.Values.Append(strangers ?? []).SelectMany((photos, label) =>
            photos.Order(StringComparer.Ordinal).Select(name => new PeopleFile(Path.Combine(_folder, name), name, label)))];
    }

    private bool TryListBelow(string name, List<string> photos) => TryList(name, photos, inside => TryListBelow(inside, photos));

    /// <summary>Lists one folder.</summary>
    /// <param name="name">The folder, relative to that of the people.</param>
    /// <param name="photos">Gets the names of its photos, relative as well.</param>
    /// <param name="found">Gets the names of its folders.</param>
    /// <returns>False if it cannot be read, which is noted.</returns>
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
                        Others++;
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
            throw new PeopleException($"{_folder} holds no people{why}: it needs a folder of photos for each, named for the person.");
        }

        if (People.Length > PeopleModel.MaxPeople)
        {
            throw new PeopleException(FormattableString.Invariant($"{_folder} holds {People.Length:N0} people: up to {PeopleModel.MaxPeople:N0} can be learnt."));
        }

        if (Array.Find(People, name => !IsName(name)) is { } bad)
        {
            throw new PeopleException($"The folder {bad} cannot name a person: a name has 1 to {MaxNameLength} characters, none of them a control character; strangers go into {PeopleFolder.Unknown}, in small letters.");
        }
    }
}
