"""People, courses, groups and dated enrolments."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.domain.words import Role
from shared.models.base import Base, id_column, one_of


class User(Base):
    """A person with one role."""

    __tablename__ = "users"
    __table_args__ = (
        one_of("role", Role),
        Index("uq_users_email", func.lower(text("email")), unique=True),
        {"comment": "People; each has exactly one role"},
    )

    id: Mapped[UUID] = id_column()
    email: Mapped[str] = mapped_column(comment="Login name, unique whatever its case")
    first_name: Mapped[str] = mapped_column(comment="Given name")
    last_name: Mapped[str] = mapped_column(comment="Family name")
    role: Mapped[str] = mapped_column(comment="ADMIN, TEACHER, STUDENT or PARENT")
    disabled_at: Mapped[datetime | None] = mapped_column(comment="When the person was locked out, if they are")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the row was made")

    @property
    def name(self) -> str:
        """The name as it is shown."""
        return f"{self.first_name} {self.last_name}"


class Credential(Base):
    """The password of a local account, apart from the person so that few roles can read it."""

    __tablename__ = "credentials"
    __table_args__ = ({"comment": "Argon2 hashes of local accounts"},)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, comment="The person"
    )
    password_hash: Mapped[str] = mapped_column(comment="Argon2id in PHC string format")


class Student(Base):
    """A student's number."""

    __tablename__ = "students"
    __table_args__ = ({"comment": "Student numbers"},)

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, comment="The person"
    )
    student_number: Mapped[str] = mapped_column(unique=True, comment="As printed on the card, e.g. S12345")


class ParentLink(Base):
    """Which parent may see which student."""

    __tablename__ = "parent_links"
    __table_args__ = ({"comment": "Parents and their children"},)

    parent_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, comment="The parent"
    )
    student_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True, comment="The child"
    )


class Course(Base):
    """A subject with its owning teacher."""

    __tablename__ = "courses"
    __table_args__ = ({"comment": "Courses; the owning teacher runs their sessions"},)

    id: Mapped[UUID] = id_column()
    subject_code: Mapped[str] = mapped_column(unique=True, comment="e.g. TEST101")
    title: Mapped[str] = mapped_column(comment="e.g. Introduction to Testing")
    teacher_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True, comment="Owning teacher")


class CoursePolicy(Base):
    """A version of a course's own thresholds; the defaults of 1-domain 1.3 hold where a course has no row."""

    __tablename__ = "course_policies"
    __table_args__ = (
        CheckConstraint("late_after_minutes >= 0", name="late_after"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint(
            "late_after_minutes <= absent_after_minutes AND 0 <= low_engagement "
            "AND low_engagement <= medium_engagement AND medium_engagement <= high_engagement "
            "AND high_engagement <= 100 AND short_session_minutes >= 0 AND max_connects >= 1",
            name="order",
        ),
        {"comment": "Thresholds per course; every version is kept, the highest counts"},
    )

    course_id: Mapped[UUID] = mapped_column(
        ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, comment="The course"
    )
    version: Mapped[int] = mapped_column(primary_key=True, default=1, comment="Grows with every change, from 1")
    late_after_minutes: Mapped[float] = mapped_column(comment="Late strictly after this many minutes")
    absent_after_minutes: Mapped[float] = mapped_column(
        server_default="15.0", comment="Very late strictly after this many minutes"
    )
    low_engagement: Mapped[float] = mapped_column(
        server_default="30.0", comment="Absent strictly below this percentage, surely below its half"
    )
    medium_engagement: Mapped[float] = mapped_column(
        server_default="40.0", comment="Medium confidence from this percentage"
    )
    high_engagement: Mapped[float] = mapped_column(
        server_default="70.0", comment="High confidence strictly above this percentage"
    )
    short_session_minutes: Mapped[float] = mapped_column(
        server_default="15.0", comment="Low confidence where the window is shorter"
    )
    max_connects: Mapped[int] = mapped_column(
        server_default="3", comment="One level less confident above this many connects"
    )
    set_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), comment="Who set it")
    set_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When")


class Group(Base):
    """A section of a course."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("course_id", "name"), {"comment": "Sections of courses"})

    id: Mapped[UUID] = id_column()
    course_id: Mapped[UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), comment="The course")
    name: Mapped[str] = mapped_column(comment="e.g. Section A")


class Enrolment(Base):
    """A student in a group for a span of dates, so that a move never rewrites the past."""

    __tablename__ = "enrolments"
    __table_args__ = (
        UniqueConstraint("group_id", "student_id", "valid_from"),
        CheckConstraint("valid_until IS NULL OR valid_until > valid_from", name="span"),
        {"comment": "Dated membership of students in groups"},
    )

    id: Mapped[UUID] = id_column()
    group_id: Mapped[UUID] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"), comment="The group")
    student_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True, comment="The student"
    )
    valid_from: Mapped[date] = mapped_column(comment="First day in the group")
    valid_until: Mapped[date | None] = mapped_column(comment="First day no longer in the group; null while open")
