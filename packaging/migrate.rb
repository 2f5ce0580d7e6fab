# A Homebrew formula that builds from the sources of a release (Linux). Put the release's address and its sum where the two lines say so.
class Migrate < Formula
  desc "Versioned database migrations for SQLite, PostgreSQL, MySQL and MariaDB"
  homepage "https://example.org/migrate"
  url "https://example.org/migrate/archive/v0.2.0.tar.gz" # the release's address
  sha256 "0000000000000000000000000000000000000000000000000000000000000000" # sha256sum of that file
  license "MIT"

  depends_on "cmake" => :build
  depends_on "ninja" => :build
  depends_on "nlohmann-json" => :build
  depends_on "boost"
  depends_on "fmt"
  depends_on "libmd"
  depends_on "libpqxx"
  depends_on "libyaml"
  depends_on "mysql-connector-c++"
  depends_on "sqlite"
  depends_on "yaml-cpp"

  def install
    system "cmake", "-S", ".", "-B", "build", "-G", "Ninja", "-DMIGRATE_TESTS=OFF", *std_cmake_args
    system "cmake", "--build", "build"
    system "cmake", "--install", "build"
  end

  test do
    system bin/"migrate", "init", "shop", "--database", "sqlite:///shop/shop.db"
    assert_match "nothing to do", shell_output("#{bin}/migrate -c shop upgrade 2>&1")
  end
end
