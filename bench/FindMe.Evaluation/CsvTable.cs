using System.Text;

namespace FindMe.Evaluation;

/// <summary>A CSV file (RFC 4180) with a header.</summary>
internal sealed class CsvTable
{
    private readonly string _path;
    private readonly Dictionary<string, int> _columns;

    private CsvTable(string path, Dictionary<string, int> columns, IReadOnlyList<string[]> rows)
    {
        _path = path;
        _columns = columns;
        Rows = rows;
    }

    /// <summary>The rows below the header.</summary>
    public IReadOnlyList<string[]> Rows { get; }

    /// <summary>The base folder of the paths in the file.</summary>
    public string Folder => Path.GetDirectoryName(Path.GetFullPath(_path))!;

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file, in UTF-8.</param>
    /// <param name="required">The required columns.</param>
    /// <exception cref="EvaluationException">The file is missing or empty, lacks a column, or a row has too few fields.</exception>
    public static CsvTable Read(string path, params string[] required)
    {
        if (!File.Exists(path))
        {
            throw new EvaluationException($"{path} is missing.");
        }

        var rows = Parse(File.ReadAllText(path)).Where(row => row.Length > 1 || row[0].Length > 0).ToList();
        if (rows.Count == 0)
        {
            throw new EvaluationException($"{path} is empty: its first line must be {string.Join(',', required)}.");
        }

        var columns = rows[0].Select((name, index) => (Name: name.Trim('\ufeff', ' '), index)).ToDictionary(column => column.Name, column => column.index);
        if (required.FirstOrDefault(name => !columns.ContainsKey(name)) is { } missing)
        {
            throw new EvaluationException($"{path} has no column {missing}: its first line must be {string.Join(',', required)}.");
        }

        var last = required.Max(name => columns[name]);
        for (var i = 1; i < rows.Count; i++)
        {
            if (rows[i].Length <= last)
            {
                throw new EvaluationException($"{path}, row {i + 1}: {rows[i].Length} fields, expected {rows[0].Length}.");
            }
        }

        return new CsvTable(path, columns, rows[1..]);
    }

    /// <summary>Returns a field by its column's name; empty when the column is missing.</summary>
    public string Field(string[] row, string column) =>
        _columns.TryGetValue(column, out var index) && index < row.Length ? row[index] : "";

    /// <summary>Returns the full path of a file named in a field.</summary>
    public string PathIn(string[] row, string column) => Path.Combine(Folder, Field(row, column));

    private static IEnumerable<string[]> Parse(string text)
    {
        var (row, field, quoted) = (new List<string>(), new StringBuilder(), false);
        for (var i = 0; i < text.Length; i++)
        {
            var character = text[i];
            if (quoted && character == '"' && i + 1 < text.Length && text[i + 1] == '"')
            {
                field.Append('"');
                i++;
            }
            else if (character == '"')
            {
                quoted = !quoted;
            }
            else if (quoted || character is not (',' or '\n' or '\r'))
            {
                field.Append(character);
            }
            else if (character != '\r')
            {
                row.Add(field.ToString());
                field.Clear();
                if (character == '\n')
                {
                    yield return row.ToArray();
                    row.Clear();
                }
            }
        }

        if (row.Count > 0 || field.Length > 0)
        {
            row.Add(field.ToString());
            yield return row.ToArray();
        }
    }
}
